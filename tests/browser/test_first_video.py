"""From an address to a video: what somebody does who has never seen the house."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import Person
from tests.browser.watch import NARROW, WIDE, check_width

A_VIDEO = 90_000  # ms at most until it has arrived, on a machine that runs other tests
PASSWORD = "a violin on the northern stairs"


@pytest.mark.parametrize("width", [WIDE, NARROW], ids=["wide", "phone"])
def test_sign_up_to_first_video(person: Callable[..., Person], width: int) -> None:
    somebody = person(width=width)
    page, house = somebody.page, somebody.house
    somebody.watch.beyond = (house.standin.removeprefix("http://"),)
    email = f"ida-{uuid.uuid4().hex[:8]}@example.com"
    somebody.signs_up(email, PASSWORD)
    check_width(page)

    somebody.goes_to("/wallet/top-up")
    tops_up(somebody, "10")

    somebody.goes_to("/studio")
    page.get_by_role("main").get_by_role("link", name=re.compile("Veo 3.1 Fast")).first.click()
    page.get_by_label("Prompt", exact=True).fill("A paper boat sails down a rainy street at night")
    check_width(page)
    page.get_by_role("button", name="Generate", exact=True).click()
    page.wait_for_url(re.compile(r"/generations/gen_"))
    there = page.url
    check_width(page)
    expect(page.locator("video")).to_be_visible(timeout=A_VIDEO)
    assert page.url == there, "it came without another page"
    plays(page)
    check_width(page)
    with page.expect_download() as waiting:
        page.get_by_role("link", name=re.compile("Download")).first.click()
    saved = Path(waiting.value.path()).read_bytes()
    assert saved[4:8] == b"ftyp", "a real mp4"
    assert waiting.value.suggested_filename.endswith(".mp4")

    somebody.goes_to("/history")
    expect(page.get_by_text("A paper boat sails").first).to_be_visible()
    check_width(page)


def tops_up(somebody: Person, dollars: str) -> None:
    """From the page of packs to the stand-in's card page and back; ends on the payment, which is paid."""
    page = somebody.page
    page.get_by_label("Another amount").last.fill(dollars)
    page.get_by_role("button", name="Go on to pay").click()
    expect(page.get_by_text("Not real money").first).to_be_visible()
    page.get_by_role("main").get_by_role("button", name=re.compile("Pay")).first.click()
    page.wait_for_url(re.compile(r"/wallet/payments/pay_"))
    expect(page.get_by_role("main").get_by_text("Paid", exact=True).first).to_be_visible(timeout=30_000)


def plays(page: Page) -> None:
    """The film on the page moves."""
    page.evaluate("() => { const film = document.querySelector('video'); film.muted = true; return film.play(); }")
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.2")
