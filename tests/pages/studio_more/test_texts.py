"""A text that was made is copied with one press, and used as a prompt in a model of choice."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from generations.models import Generation, Listing
from tests.pages.conftest import Browser, delivered
from tests.pages.parsing import read
from tests.world import World

TEXT = "A lighthouse in a storm,\nfilm noir"


def test_a_text_can_be_copied_and_used(alice: Client, make: Callable[..., Generation]) -> None:
    row = delivered(make("prompt-expansion-text", prompt="a lighthouse", system_prompt="Be brief."), text=TEXT)
    page = read(alice.get(f"/generations/{row.public_id}"))
    assert page.one("button", data_copy="text").text.strip() == "Copy"
    assert page.one("div", id="text").text == TEXT
    link = page.one("a", href=f"/studio/veo-3.1-fast?from={row.public_id}")
    assert not page.all("a", href=f"/studio/prompt-expansion-vision?from={row.public_id}")
    form = read(alice.get(link.attrs["href"]))
    assert form.one("textarea", name="prompt").text.strip() == TEXT
    assert "The text is the prompt." in form.words
    again = read(alice.get(f"/studio/prompt-expansion-text?from={row.public_id}"))
    assert again.one("textarea", name="prompt").text.strip() == "a lighthouse", "the same model is asked the same"
    assert again.one("textarea", name="system_prompt").text.strip() == "Be brief."


def test_only_where_it_helps(alice: Client, world: World, browser: Browser, make: Callable[..., Generation]) -> None:
    row = delivered(make("prompt-expansion-text", prompt="a lighthouse"), text=TEXT)
    Listing.objects.filter(pk="veo-3.1-fast").update(available=False)
    assert not read(alice.get(f"/generations/{row.public_id}")).all(
        "a", href=f"/studio/veo-3.1-fast?from={row.public_id}"
    )
    assert "Use it as a prompt" in read(alice.get(f"/generations/{row.public_id}")).words
    assert "Use it as a prompt" not in read(browser(world.carol).get(f"/generations/{row.public_id}")).words
    assert browser(world.mallory).get(f"/studio/kling-2.1-pro?from={row.public_id}").status_code == 404
    waiting = make("prompt-expansion-text", prompt="a second")
    assert "Use it as a prompt" not in read(alice.get(f"/generations/{waiting.public_id}")).words
    form = read(alice.get(f"/studio/kling-2.1-pro?from={waiting.public_id}"))
    assert form.one("textarea", name="prompt").text.strip() == "a second", "nothing is written yet"


def test_text_models_do_not_offer_to_expand_their_prompt(alice: Client) -> None:
    page = read(alice.get("/studio/prompt-expansion-text"))
    assert page.all("button", name="expand.do") == []
    assert page.violations == []
