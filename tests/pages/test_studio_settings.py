"""The studio remembers what one set last, says so, and forgets it for once; several at once go as one."""

from __future__ import annotations

import secrets
from typing import Any

from django.test import Client

from accounts.models import Membership
from billing import budgets, ledger
from billing.models import Hold, Period
from generations.models import Batch, Generation
from tests.pages.parsing import Page, read
from tests.world import World

IMAGE = "https://img.example/a.png"
SEEDANCE = {"prompt": "a dog", "image_url": IMAGE, "resolution": "480p", "duration": "10", "camera_fixed": "on"}


def press(client: Client, slug: str, **data: Any) -> Any:
    return client.post(f"/studio/{slug}", {"do": "make", "key": secrets.token_hex(16), **data})


def checked(page: Page, name: str) -> str:
    (value,) = [e.attrs["value"] for e in page.named(name) if "checked" in e.attrs]
    return value


def test_the_next_form_stands_as_the_last_one_was_sent(alice: Client, world: World, browser: Any) -> None:
    assert press(alice, "seedance-v1-pro", **SEEDANCE, count="2").status_code == 302
    page = read(alice.get("/studio/seedance-v1-pro"))
    assert (checked(page, "resolution"), checked(page, "duration"), checked(page, "count")) == ("480p", "10", "2")
    assert "checked" in page.one("input", name="camera_fixed").attrs
    assert page.one("textarea", name="prompt").text.strip() == ""
    assert page.one("input", name="image_url").attrs["value"] == ""
    assert "Your last settings are filled in." in page.words
    assert page.one("input", name="agreed").attrs["value"] == "280000", "two of 10 s at 480p"
    for fresh in (alice.get("/studio/seedance-v1-pro?fresh=1"), browser(world.bob).get("/studio/seedance-v1-pro")):
        page = read(fresh)
        assert (checked(page, "resolution"), checked(page, "count")) == ("1080p", "1")
        assert "last settings" not in page.words


def test_settings_that_are_the_defaults_are_not_mentioned(alice: Client) -> None:
    press(alice, "veo-3.1-fast", prompt="a dog", aspectRatio="16:9", generationType="", count="1")
    assert "last settings" not in read(alice.get("/studio/veo-3.1-fast")).words


def test_a_refused_form_is_not_remembered(alice: Client) -> None:
    read(press(alice, "seedance-v1-pro", **{**SEEDANCE, "prompt": ""}), 422)
    assert checked(read(alice.get("/studio/seedance-v1-pro")), "resolution") == "1080p"


def test_several_are_one_batch_for_the_total_that_was_shown(alice: Client, world: World) -> None:
    key = secrets.token_hex(16)
    form = {"do": "make", "prompt": "a dog", "count": "3", "agreed": "900000", "key": key}
    first, second = (alice.post("/studio/veo-3.1-fast", form) for _ in range(2))
    batch = Batch.objects.get()
    assert first.headers["Location"] == second.headers["Location"] == f"/history?batch={batch.public_id}"
    assert (Generation.objects.count(), Hold.objects.count()) == (3, 3)
    assert ledger.wallet(world.team.pk).held.balance == 900_000


def test_the_price_of_one_does_not_stand_for_several(alice: Client) -> None:
    page = read(press(alice, "veo-3.1-fast", prompt="a dog", count="3", agreed="300000"), 409)
    assert page.one("input", name="agreed").attrs["value"] == "900000"
    assert checked(page, "count") == "3"
    assert not Generation.objects.exists()


def test_a_number_beyond_the_most_is_refused(alice: Client) -> None:
    for count in ("0", "9", "two", "1e1"):
        page = read(press(alice, "veo-3.1-fast", prompt="a dog", count=count), 422)
        assert "Choose 1 to 8 at once." in page.words
    assert not Generation.objects.exists()


def test_the_box_shows_the_total_and_what_it_leaves(alice: Client) -> None:
    page = read(alice.post("/studio/veo-3.1-fast/price", {"prompt": "x", "count": "3"}))
    assert page.texts("p", id="total") == ["180 credits $0.90 3 × 60 credits $0.30"]  # noqa: RUF001 - the sign
    assert "Wallet leaves1,820 credits $9.10" in page.texts("li")
    assert page.one("input", name="agreed").attrs["value"] == "900000"


def limited(world: World, limit: int) -> None:
    membership = Membership.objects.get(team=world.team, user=world.alice)
    budgets.set_limit(by="test", team=world.team, period=Period.DAY, limit=limit, membership=membership)


def test_what_would_fit_counts_all_of_them(alice: Client, world: World) -> None:
    limited(world, 500_000)
    form = {"prompt": "a dog", "image_url": IMAGE, "resolution": "720p", "count": "2"}
    box = read(alice.post("/studio/wan-2.2-turbo/price", form))
    assert box.texts("button", value="fit") == ["Use 5 s, 480p for 80 credits $0.40"]
    page = read(alice.post("/studio/wan-2.2-turbo", {**form, "do": "fit"}))
    assert (checked(page, "resolution"), checked(page, "count")) == ("480p", "2")
    assert page.one("input", name="agreed").attrs["value"] == "400000"
    assert not Generation.objects.exists()


def test_fewer_fit_where_no_variant_does(alice: Client, world: World) -> None:
    limited(world, 700_000)
    box = read(alice.post("/studio/veo-3.1-fast/price", {"prompt": "x", "count": "8"}))
    assert box.texts("button", value="fit") == ["Use 2 at once for 120 credits $0.60"]
    page = read(alice.post("/studio/veo-3.1-fast", {"prompt": "x", "count": "8", "do": "fit"}))
    assert checked(page, "count") == "2"
    limited(world, 200_000)
    box = read(alice.post("/studio/veo-3.1-fast/price", {"prompt": "x", "count": "8"}))
    assert "No variant of it fits." in box.words
    assert box.all("button", value="fit") == []


def test_who_can_help_is_who_may(alice: Client, world: World, browser: Any) -> None:
    form = {"prompt": "x", "count": "8", "image_url": IMAGE, "resolution": "1080p", "duration": "10"}
    page = read(alice.post("/studio/wan-2.5-i2v/price", form))
    assert page.all("a", href="/wallet/top-up") == [], "eight of a dollar fit ten dollars"
    for slug in ("veo-3.1-fast",) * 2:
        assert press(alice, slug, prompt=secrets.token_hex(4), count="8").status_code == 302
    owner = read(alice.post("/studio/wan-2.5-i2v/price", form))
    assert owner.texts("a", href="/wallet/top-up") == ["Top up the wallet"]
    member = read(browser(world.bob).post("/studio/wan-2.5-i2v/price", form))
    assert member.all("a", href="/wallet/top-up") == []
    assert "can top up the wallet" in member.words


def test_a_page_without_a_price_agrees_to_none(alice: Client) -> None:
    """What costs by its words has no price before they stand there: the first press shows it, the second takes it."""
    page = read(alice.get("/studio/prompt-expansion-text"))
    assert page.one("input", name="agreed").attrs["value"] == "0"
    form = {"prompt": "a fox", "model": "google/gemini-2.5-flash", "max_tokens": "100", "temperature": "1"}
    shown = read(press(alice, "prompt-expansion-text", **form, agreed="0"), 409)
    agreed = shown.one("input", name="agreed").attrs["value"]
    assert int(agreed) > 0
    assert not Generation.objects.exists()
    assert press(alice, "prompt-expansion-text", **form, agreed=agreed).status_code == 302
