"""Expand prompt: one press makes one charged text, its most is said before, and nothing typed is lost."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from billing import budgets, ledger
from billing.models import Hold, Period
from generations import catalog, expansions, offers, outcomes, studio_expansions
from generations.models import Generation, Listing, Reason, Upload
from tests.pages.conftest import Browser, delivered, picture, started
from tests.pages.parsing import Page, read
from tests.world import World

SLUG = "kling-2.5-turbo-pro"
FORM = {"prompt": "a lighthouse", "duration": "10", "cfg_scale": "0.7", "count": "3", "negative_prompt": "fog"}
HX = {"HX-Request": "true"}


def press(client: Client, do: str = "ask", /, *, slug: str = SLUG, script: bool = True, **fields: Any) -> Any:
    form = {**FORM, "expand.do": do, "expand.key": secrets.token_hex(16), "expand.most": "20000", **fields}
    return client.post(f"/studio/{slug}/expand", form, headers=HX if script else {})


def look(client: Client, row: Generation) -> Any:
    return client.get(f"/studio/{SLUG}/expansions/{row.public_id}", headers=HX)


def held(world: World) -> int:
    return ledger.wallet(world.team.pk).held.balance


def test_the_form_offers_it_with_the_most_it_can_cost(alice: Client) -> None:
    page = read(alice.get(f"/studio/{SLUG}"))
    button = page.one("button", name="expand.do")
    assert page.all("button")[0].attrs != button.attrs, "Enter in a field must not press it"
    assert (button.attrs["value"], button.attrs["formaction"]) == ("ask", f"/studio/{SLUG}/expand#expand")
    most = int(page.one("input", name="expand.most").attrs["value"])
    assert 0 < most <= 20_000
    assert "Expand prompt at most" in page.words
    assert page.unlabelled() == []
    assert page.violations == []


def test_a_press_asks_for_a_prompt_for_this_model(alice: Client, world: World) -> None:
    page = read(press(alice, **{"expand.style": "film\n noir"}))
    row = Generation.objects.get()
    assert (row.model, row.kind, row.input["prompt"]) == ("prompt-expansion-text", "text", "a lighthouse")
    assert row.input["system_prompt"] == expansions.instructions(target=SLUG, style="film noir")
    assert row.membership == world.actor(world.alice).membership
    assert held(world) == row.hold_amount > 0
    panel = page.one("div", id="expand")
    assert panel.attrs["hx-get"] == f"/studio/{SLUG}/expansions/{row.public_id}"
    assert panel.attrs["hx-trigger"] == "every 2s"
    assert "Writing… 0 s, usually about 6 s." in page.words


def test_uploads_of_the_form_are_shown_to_the_writer(alice: Client) -> None:
    press(alice, script=False, **{"image_url.file": picture()})
    row, upload = Generation.objects.get(), Upload.objects.get()
    assert (row.model, row.input["image_urls"]) == ("prompt-expansion-vision", [upload.public_id])
    press(alice, image_url="https://img.example/a.png")
    assert Generation.objects.latest("created_at").model == "prompt-expansion-text", "an address elsewhere is not"


def test_a_double_press_makes_one(alice: Client) -> None:
    key = secrets.token_hex(16)
    first, second = press(alice, **{"expand.key": key}), press(alice, **{"expand.key": key})
    assert first.status_code == second.status_code == 200
    assert read(first).one("input", name="expand.id").attrs == read(second).one("input", name="expand.id").attrs
    assert (Generation.objects.count(), Hold.objects.count()) == (1, 1)
    press(alice, **{"expand.key": key, "prompt": "a lighthouse at dawn"})
    assert Generation.objects.count() == 2


def test_a_double_press_with_a_file_makes_one(alice: Client) -> None:
    key = secrets.token_hex(16)
    for _ in range(2):
        press(alice, script=False, **{"expand.key": key, "image_url.file": picture()})
    assert Generation.objects.count() == 1


@pytest.mark.parametrize("prompt", ["", "  \n "])
def test_an_idea_is_needed(alice: Client, prompt: str) -> None:
    response = press(alice, prompt=prompt)
    page = read(response, 422)
    assert "Write an idea into the prompt first. Nothing was charged." in page.words
    assert page.one("button", name="expand.do").attrs["value"] == "ask"
    assert not Generation.objects.exists()


def test_a_dearer_one_is_asked_again(alice: Client, world: World) -> None:
    page = read(press(alice, **{"expand.most": "1"}), 409)
    assert "The price is another one than the page showed." in page.words
    assert not Generation.objects.exists()
    again = {f"expand.{name}": page.one("input", name=f"expand.{name}").attrs["value"] for name in ("key", "most")}
    assert press(alice, **again).status_code == 200
    assert Generation.objects.count() == 1


def test_a_budget_refuses_it_in_its_place(alice: Client, world: World) -> None:
    membership = world.actor(world.alice).membership
    budgets.set_limit(by="test", team=world.team, period=Period.DAY, limit=10, membership=membership)
    key = secrets.token_hex(16)
    for _ in range(2):  # the same press again is answered the same
        page = read(press(alice, **{"expand.key": key}), 402)
        assert "Nothing was charged." in page.words
        assert page.one("input", name="expand.key").attrs["value"] != key, "the next press is another one"
    assert (held(world), Generation.objects.count()) == (0, 0)


def test_when_no_writer_is_on_offer(alice: Client) -> None:
    Listing.objects.filter(pk="prompt-expansion-text").update(available=False)
    page = read(alice.get(f"/studio/{SLUG}"))
    assert "Expanding prompts is not available right now." in page.words
    assert page.all("button", name="expand.do") == []
    assert press(alice).status_code == 409
    assert not Generation.objects.exists()


def test_the_suggestion_and_what_it_cost(alice: Client, world: World) -> None:
    press(alice)
    row = delivered(Generation.objects.get(), text=" A lighthouse in a storm,\nfilm noir. \n")
    page = read(look(alice, row))
    assert page.one("textarea", name="expand.text").text.strip() == "A lighthouse in a storm,\nfilm noir."
    assert "hx-get" not in page.one("div", id="expand").attrs, "nothing is asked after its end"
    assert page.one("a", href=f"/generations/{row.public_id}").text == "its receipt"
    assert row.charged
    assert f"${row.charged / 1_000_000:f}" in page.words
    assert "Another try is a new charge of at most" in page.words
    assert page.one("p", id="said").text.strip() == "A suggestion is there."
    assert held(world) == 0


def test_a_failed_one_says_that_nothing_was_charged(alice: Client, world: World) -> None:
    press(alice)
    row = started(Generation.objects.get())
    assert "Writing…" in read(look(alice, row)).words
    outcomes.fail(generation_id=row.pk, reason=Reason.CONTENT_REFUSED)
    page = read(look(alice, row))
    assert "The provider's content policy refused this input. Nothing was charged." in page.words
    assert "hx-get" not in page.one("div", id="expand").attrs
    assert [button.attrs["value"] for button in page.all("button", name="expand.do")] == ["ask", "discard"]
    assert held(world) == 0


def test_a_suggestion_that_is_too_long_is_whole_and_said(alice: Client) -> None:
    press(alice)
    row = delivered(Generation.objects.get(), text="x" * 2501)
    page = read(look(alice, row))
    assert page.one("textarea", name="expand.text").text.strip() == "x" * 2501
    assert "This is longer than Kling 2.5 Turbo Pro takes. Nothing is cut" in page.words
    assert "2501 of 2500 characters" in page.words
    used = read(press(alice, "use", script=False, **{"expand.id": row.public_id, "expand.text": "x" * 2501}))
    assert used.one("textarea", name="prompt").text.strip() == "x" * 2501


def kept(page: Page) -> dict[str, str]:
    """What of FORM stands in the form, and the image."""
    found = {name: page.one("textarea", name=name).text.strip() for name in ("prompt", "negative_prompt")}
    found |= {e.attrs["name"]: e.attrs["value"] for e in page.all("input", type="radio") if "checked" in e.attrs}
    return found | {name: page.one("input", name=name).attrs["value"] for name in ("image_url", "cfg_scale")}


def test_without_scripts_the_whole_way_and_nothing_is_lost(alice: Client) -> None:
    """Ask, see, use, undo, discard: each a press of a button in the form as it stands."""
    page = read(press(alice, script=False, **{"expand.style": "noir", "image_url.file": picture()}))
    image = Upload.objects.get().public_id
    whole = {**FORM, "image_url": image}
    assert kept(page) == whole
    assert page.one("textarea", name="expand.style").text.strip() == "noir"
    row = Generation.objects.get()
    on = {"image_url": image, "expand.style": "noir", "expand.id": row.public_id}
    assert "Writing…" in read(press(alice, "see", script=False, **on)).words
    delivered(row, text="A lighthouse, noir")
    page = read(press(alice, "see", script=False, **on))
    assert (kept(page), page.one("textarea", name="expand.text").text.strip()) == (whole, "A lighthouse, noir")
    page = read(press(alice, "use", script=False, **on, **{"expand.text": "A tall lighthouse,\r\nnoir"}))
    assert kept(page) == {**whole, "prompt": "A tall lighthouse,\nnoir"}
    assert page.one("input", name="expand.before").attrs["value"] == "a lighthouse"
    after = {"prompt": "A tall lighthouse", "expand.before": "a lighthouse", "expand.text": "A tall lighthouse"}
    page = read(press(alice, "undo", script=False, **{**on, **after}))
    assert (kept(page), page.one("textarea", name="expand.text").text.strip()) == (whole, "A tall lighthouse")
    page = read(press(alice, "discard", script=False, **on))
    assert (kept(page), page.all("textarea", name="expand.text")) == (whole, [])
    assert Generation.objects.count() == 1


def test_what_is_wrong_with_a_file_is_said_without_scripts(alice: Client) -> None:
    bad = picture()
    bad.file.truncate(100)  # type: ignore[attr-defined]
    page = read(press(alice, script=False, **{"image_url.file": bad}), 422)
    assert page.one("textarea", name="prompt").text.strip() == "a lighthouse"


def test_who_may_and_for_what(alice: Client, world: World, browser: Browser, make: Callable[..., Generation]) -> None:
    carol, mallory = browser(world.carol), browser(world.mallory)
    assert read(carol.get(f"/studio/{SLUG}")).all("button", name="expand.do") == []
    assert press(carol).status_code == 403
    for slug in ("prompt-expansion-text", "nothing"):
        assert press(alice, slug=slug).status_code == 404
    assert not Generation.objects.exists()
    press(alice)
    row = Generation.objects.get()
    assert look(carol, row).status_code == 200
    assert look(mallory, row).status_code == 404
    assert press(mallory, "see", **{"expand.id": row.public_id}).status_code == 404
    assert look(alice, make("veo-3.1-fast")).status_code == 404
    assert look(alice, row).status_code == 200
    plain = alice.get(f"/studio/{SLUG}/expansions/{row.public_id}")
    assert plain.headers["Location"] == f"/generations/{row.public_id}"


@pytest.mark.parametrize("slug", [slug for slug, entry in catalog.ENTRIES.items() if entry.kind != "text"])
def test_the_most_is_never_less_than_the_hold(world: World, slug: str) -> None:
    """Of the longest prompt in the widest letters, with a style, and with every image that the form holds."""
    entry = catalog.get(slug)
    prices = offers.current_prices()
    most = studio_expansions.most(entry=entry, idea="", prices=prices)
    rule = entry.json_schema()["properties"]["prompt"]
    text = {"prompt": "\N{GRINNING FACE}" * rule["maxLength"], "target": slug, "style": "\N{GRINNING FACE}" * 200}
    for images in range(studio_expansions._images(entry) + 1):
        asked, data = expansions.ask({**text, **({"image_urls": ["upl_" + "0" * 32] * images} if images else {})})
        writer = catalog.get(asked)
        hold = writer.hold(writer.validate(data), writer.rates)
        assert hold <= most
    assert most < hold + studio_expansions.STEP, "and not more than the dearest"
    assert most <= 50_000


def test_a_longer_idea_than_the_model_takes_is_counted(world: World) -> None:
    entry, prices = catalog.get("wan-2.5-i2v"), offers.current_prices()
    assert studio_expansions.most(entry=entry, idea="x" * 5000, prices=prices) > studio_expansions.most(
        entry=entry, idea="x", prices=prices
    )


def test_looking_costs_the_same_number_of_queries_always(
    alice: Client, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    press(alice)
    row = started(Generation.objects.get())
    few = count_queries(lambda: look(alice, row))
    for number in range(3):
        press(alice, prompt=f"another {number}")
    assert count_queries(lambda: look(alice, row)) == few <= 12
