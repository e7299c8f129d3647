"""Pressing the button: one generation, the price that was shown, and nothing typed is lost when it does not go."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Membership, Team
from billing import budgets, ledger
from billing.models import Hold, Period
from generations import offers
from generations.models import Generation, Listing, Upload
from tests.pages.conftest import picture
from tests.pages.parsing import read
from tests.world import World

KLING = {"prompt": "a lighthouse", "duration": "5", "cfg_scale": "0.5"}
VEO = {"prompt": "a dog", "aspectRatio": "16:9", "generationType": ""}


def press(client: Client, slug: str, **data: Any) -> Any:
    return client.post(f"/studio/{slug}", {"do": "make", "key": secrets.token_hex(16), **data})


def test_the_form_as_it_is_rendered_makes_a_generation(alice: Client, world: World) -> None:
    page = read(alice.get("/studio/kling-2.5-turbo-pro"))
    form = {e.attrs["name"]: e.attrs.get("value", "") for e in page.all("input", type="hidden")}
    form["cfg_scale"] = page.one("input", name="cfg_scale").attrs["value"]
    form |= {e.attrs["name"]: e.attrs["value"] for e in page.all("input", type="radio") if "checked" in e.attrs}
    form.pop("csrfmiddlewaretoken")
    form |= {"prompt": "a lighthouse", "tail_image_url": "", "negative_prompt": "", "do": "make"}
    response = alice.post("/studio/kling-2.5-turbo-pro", {**form, "image_url": "", "image_url.file": picture()})
    row = Generation.objects.get()
    assert response.headers["Location"] == f"/generations/{row.public_id}"
    upload = Upload.objects.get()
    assert row.input == {"prompt": "a lighthouse", "image_url": upload.public_id, "duration": "5", "cfg_scale": 0.5}
    assert (row.membership.user, row.api_key, row.hold_amount) == (world.alice, None, 210_000)  # type: ignore[union-attr]
    assert ledger.wallet(world.team.pk).held.balance == 210_000


def test_a_double_click_makes_one_generation(alice: Client) -> None:
    form = {**KLING, "key": secrets.token_hex(16)}
    first = press(alice, "kling-2.5-turbo-pro", **form, **{"image_url.file": picture()})
    second = press(alice, "kling-2.5-turbo-pro", **form, **{"image_url.file": picture()})
    assert first.status_code == second.status_code == 302
    assert first.headers["Location"] == second.headers["Location"]
    assert (Generation.objects.count(), Hold.objects.count()) == (1, 1)
    assert "This was sent before" in read(alice.get(second.headers["Location"])).words


def test_the_same_page_with_another_content_makes_another(alice: Client) -> None:
    form = {**VEO, "key": secrets.token_hex(16)}
    press(alice, "veo-3.1-fast", **form)
    press(alice, "veo-3.1-fast", **{**form, "prompt": "a cat"})
    press(alice, "nano-banana-pro", **{**form, "prompt": "a cat"})
    assert Generation.objects.count() == 3
    press(alice, "kling-2.5-turbo-pro", **KLING, key=form["key"], **{"image_url.file": picture(color="red")})
    press(alice, "kling-2.5-turbo-pro", **KLING, key=form["key"], **{"image_url.file": picture(color="blue")})
    assert Generation.objects.count() == 5


def test_faults_stand_beside_their_fields_and_nothing_typed_is_lost(alice: Client) -> None:
    long = "dog " * 300
    response = press(
        alice,
        "wan-2.5-i2v",
        **{"prompt": f"{long}\r\n<b>", "image_url.file": picture(), "duration": "10", "resolution": "720p"},
        negative_prompt="blur",
        seed="12x",
    )
    page = read(response, 422)
    upload = Upload.objects.get()
    assert page.one("textarea", name="prompt").text.strip() == f"{long}\n<b>"
    assert page.one("textarea", name="negative_prompt").text.strip() == "blur"
    assert page.one("input", name="seed").attrs["value"] == "12x"
    assert page.one("input", name="image_url").attrs["value"] == upload.public_id
    assert page.one("img").attrs["src"].startswith(f"/media/{upload.name}?")
    assert "checked" in page.one("input", name="duration", value="10").attrs
    assert "checked" in page.one("input", name="resolution", value="720p").attrs
    assert "checked" not in page.one("input", name="enable_prompt_expansion").attrs
    assert "Prompt must be text of 1 to 800 characters (it has 1204)" in page.one("div", id="e-prompt").text
    assert page.one("textarea", name="prompt").attrs["aria-invalid"] == "true"
    assert page.one("a", href="#f-seed").text == "Seed must be a whole number"
    assert not Generation.objects.exists()
    again = press(alice, "wan-2.5-i2v", prompt="dog", image_url=upload.public_id, duration="10", resolution="720p")
    assert again.status_code == 302


def test_each_image_of_a_list_has_its_own_fault_and_keeps_its_place(alice: Client) -> None:
    form = {"prompt": "x", "output_format": "png", "image_size": "1:1"}
    page = read(
        press(
            alice,
            "nano-banana-edit",
            **form,
            **{
                "image_urls.0.file": picture(),
                "image_urls.4": "ftp://a.example/b.png",
                "image_urls.9": "upl_" + "0" * 32,
            },
        ),
        422,
    )
    assert page.one("input", name="image_urls.0").attrs["value"] == Upload.objects.get().public_id
    assert page.one("input", name="image_urls.1").attrs["value"] == "ftp://a.example/b.png"
    assert page.one("input", name="image_urls.2").attrs["value"] == "upl_" + "0" * 32
    assert "Image 2 must be the https address" in page.one("div", id="e-image_urls.1").text


def test_a_file_that_is_no_image_is_named_beside_its_field(alice: Client) -> None:
    page = read(press(alice, "kling-2.5-turbo-pro", **KLING, **{"image_url.file": not_an_image()}), 422)
    assert "“<x>.png” cannot be used" in page.one("div", id="e-image_url").text
    assert not Upload.objects.exists()


def not_an_image() -> SimpleUploadedFile:
    return SimpleUploadedFile("<x>.png", b"<svg onload=alert(1)>", content_type="image/png")


def test_uploads_of_another_team_are_not_there(alice: Client, world: World, browser: Any) -> None:
    press(browser(world.mallory), "kling-2.5-turbo-pro", **KLING, **{"image_url.file": picture()})
    theirs = Upload.objects.get()
    page = read(press(alice, "kling-2.5-turbo-pro", **KLING, image_url=theirs.public_id), 422)
    assert "There is no such upload" in page.words
    assert page.all("img") == []


def test_too_little_credit_says_which_limit_and_what_would_fit(alice: Client, world: World) -> None:
    membership = Membership.objects.get(team=world.team, user=world.alice)
    budgets.set_limit(by="test", team=world.team, period=Period.MONTH, limit=450_000, membership=membership)
    key = secrets.token_hex(16)
    form = {**KLING, "duration": "10", "image_url": "https://img.example/a.png", "key": key}
    assert press(alice, "kling-2.5-turbo-pro", **form).status_code == 302
    form["prompt"] = "another"
    page = read(press(alice, "kling-2.5-turbo-pro", **form), 402)
    assert "the member's budget of $0.45 a month has $0.03 left" in page.words
    assert "Who can help: owner of the team." in page.words  # alice is an owner: no admin raises her budget
    assert "No variant of it fits." in page.words
    assert page.one("input", name="key").attrs["value"] != key
    assert Generation.objects.count() == 1
    budgets.set_limit(by="test", team=world.team, period=Period.MONTH, limit=700_000, membership=membership)
    page = read(press(alice, "kling-2.5-turbo-pro", **{**form, "prompt": "a third"}), 402)
    assert page.texts("button", value="fit") == ["Use 5 s for 42 credits $0.21"]


def test_nothing_dearer_than_what_the_page_showed_is_taken(alice: Client) -> None:
    shown = read(alice.get("/studio/veo-3.1-fast")).one("input", name="agreed").attrs["value"]
    assert shown == "300000"
    offers.publish(slug="veo-3.1-fast", rates={"video": 350_000}, margin_ppm=0, by="test", reason="dearer")
    page = read(press(alice, "veo-3.1-fast", **VEO, agreed=shown), 409)
    assert "The price is another one than the page showed" in page.words
    assert page.one("input", name="agreed").attrs["value"] == "350000"
    assert not Generation.objects.exists()
    assert press(alice, "veo-3.1-fast", **VEO, agreed="350000").status_code == 302


def test_a_model_switched_off_meanwhile_keeps_the_form(alice: Client) -> None:
    Listing.objects.filter(pk="veo-3.1-fast").update(available=False, note="Back on Monday.")
    page = read(press(alice, "veo-3.1-fast", **VEO), 409)
    assert page.one("textarea", name="prompt").text.strip() == "a dog"
    assert "Back on Monday." in page.words


def test_a_suspended_team_reads_why_and_keeps_the_form(alice: Client, world: World) -> None:
    Team.objects.filter(pk=world.team.pk).update(status="suspended")
    page = read(press(alice, "veo-3.1-fast", **VEO), 403)
    assert "This team is suspended" in page.words
    assert page.one("textarea", name="prompt").text.strip() == "a dog"
    assert not Generation.objects.exists()


def test_without_scripts_a_button_shows_the_price(alice: Client) -> None:
    page = read(press(alice, "seedance-v1-pro", do="price", prompt="x", duration="10", resolution="480p", seed="-1"))
    assert page.texts("p", klass="total") == ["28 credits $0.14"]
    assert page.one("textarea", name="prompt").text.strip() == "x"
    assert not Generation.objects.exists()


def test_use_again_fills_the_form_with_the_same_input(
    alice: Client, world: World, browser: Any, make: Callable[..., Generation]
) -> None:
    press(
        alice, "kling-2.5-turbo-pro", **{**KLING, "duration": "10", "cfg_scale": "0.3"}, **{"image_url.file": picture()}
    )
    row = Generation.objects.get()
    page = read(alice.get(f"/studio/kling-2.5-turbo-pro?from={row.public_id}"))
    assert page.one("textarea", name="prompt").text.strip() == "a lighthouse"
    assert page.one("input", name="image_url").attrs["value"] == row.input["image_url"]
    assert "checked" in page.one("input", name="duration", value="10").attrs
    assert page.one("input", name="cfg_scale").attrs["value"] == "0.3"
    assert page.texts("p", klass="total") == ["84 credits $0.42"]
    assert browser(world.mallory).get(f"/studio/kling-2.5-turbo-pro?from={row.public_id}").status_code == 404


@pytest.mark.parametrize("key", ["", "x", "0" * 31, "A" * 32, "0" * 33])
def test_a_page_without_a_usable_key_still_works(alice: Client, key: str) -> None:
    assert press(alice, "veo-3.1-fast", **{**VEO, "key": key}).status_code == 302


def test_a_form_from_elsewhere_is_refused(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    page = read(press(client, "veo-3.1-fast", **VEO), 403)
    assert "This page is too old" in page.words
    assert not Generation.objects.exists()
