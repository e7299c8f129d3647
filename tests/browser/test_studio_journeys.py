"""In the studio: a better prompt before the press, some at once for one total, the price that follows the form."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.people import Person

A_TEXT = 60_000  # ms at most until a prompt is written, on a machine that runs other tests


def prompt_of(page: Page) -> str:
    return page.get_by_label("Prompt", exact=True).input_value()


def price_of_one(page: Page) -> int:
    """What one costs, in micro-dollars, whatever number the studio remembers from the last time."""
    how_many = page.get_by_role("group", name="How many")
    how_many.get_by_role("radio", name="1", exact=True).check()
    expect(page.get_by_role("complementary", name="Price")).not_to_contain_text("at once")
    return int(page.locator("[name=agreed]").input_value())


def test_the_price_follows_the_form(person: Callable[..., Person]) -> None:
    """Without a press, and it is the price that is agreed to."""
    olive = person("olive")
    page = olive.page
    olive.goes_to("/studio/veo-3.1-fast")
    agreed = page.locator("[name=agreed]")
    one = price_of_one(page)
    page.get_by_role("group", name="How many").get_by_role("radio", name="3", exact=True).check()
    expect(agreed).to_have_value(str(3 * one))
    page.reload()


def test_some_at_once(person: Callable[..., Person]) -> None:
    """Three of a kind by one press: a batch that the history shows alone."""
    olive = person("olive")
    page = olive.page
    olive.goes_to("/studio/flux-kontext-pro")
    page.get_by_label("Prompt", exact=True).fill("A tin robot waters a bonsai")
    agreed = page.locator("[name=agreed]")
    one = price_of_one(page)
    page.get_by_role("group", name="How many").get_by_role("radio", name="3", exact=True).check()
    expect(agreed).to_have_value(str(3 * one))
    page.get_by_role("button", name=re.compile("^Generate")).click()
    page.wait_for_url(re.compile(r"/history\?batch=bat_"))
    expect(page.locator("#rows > *")).to_have_count(3)
    expect(page.locator("#rows")).to_contain_text("succeeded", timeout=A_TEXT)


def test_a_prompt_is_expanded_used_and_taken_back(person: Callable[..., Person]) -> None:
    olive = person("olive")
    page = olive.page
    olive.goes_to("/studio/veo-3.1-fast")
    page.get_by_label("Prompt", exact=True).fill("a cat on a roof")
    page.get_by_role("button", name="Expand prompt").click()
    suggestion = page.get_by_label("Suggestion", exact=True)
    expect(suggestion).to_be_visible(timeout=A_TEXT)
    suggestion.fill(f"{suggestion.input_value()} Calm light.")
    edited = suggestion.input_value()
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value(edited)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_label("Prompt", exact=True)).to_have_value("a cat on a roof")
    assert page.url.endswith("/studio/veo-3.1-fast"), "all on one page"


def test_a_prompt_is_expanded_without_scripts(person: Callable[..., Person]) -> None:
    olive = person("olive", script=False)
    page = olive.page
    olive.goes_to("/studio/veo-3.1-fast")
    page.get_by_label("Prompt", exact=True).fill("a dog on a raft")
    page.get_by_role("button", name="Expand prompt").click()
    suggestion, look = page.get_by_label("Suggestion", exact=True), page.get_by_role("button", name="See if it is done")
    until = time.monotonic() + A_TEXT / 1000
    while True:
        expect(suggestion.or_(look).first).to_be_visible()
        if suggestion.count() or time.monotonic() > until:
            break
        with page.expect_navigation():
            look.click()
    with page.expect_navigation():
        page.get_by_role("button", name="Use it").click()
    assert prompt_of(page) not in ("", "a dog on a raft")
    with page.expect_navigation():
        page.get_by_role("button", name="Undo").click()
    assert prompt_of(page) == "a dog on a raft"


def test_a_finished_one_is_made_again_with_another_prompt(person: Callable[..., Person]) -> None:
    olive = person("olive")
    page = olive.page
    olive.goes_to(f"/generations/{olive.house.seeded.ids['video']}")
    page.get_by_role("link", name="Edit and use again").click()
    page.wait_for_url(re.compile(r"/studio/veo-3\.1-fast\?from=gen_"))
    assert prompt_of(page)
