"""A link for somebody without an account: it shows the result, and no longer once it is revoked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser import axe
from tests.browser.people import Person
from tests.browser.test_first_video import plays
from tests.browser.watch import NARROW, check_width


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_link_is_given_and_taken_back(person: Callable[..., Person], script: bool) -> None:
    olive = person("olive", script=script)
    page = olive.page
    olive.goes_to(f"/generations/{olive.house.seeded.ids['video']}")
    links = page.locator("main a[href*='/s/']")
    before = links.count()
    page.get_by_role("button", name="Make a link").click()
    expect(links).to_have_count(before + 1)
    address = links.first.get_attribute("href")
    assert address is not None

    guest = person(width=NARROW, expected=(404, 410))
    answer = guest.page.goto(address)
    assert answer is not None
    assert answer.status == 200
    expect(guest.page.locator("video")).to_be_visible()
    plays(guest.page)
    check_width(guest.page)
    axe.check(guest.page, theme="light")
    axe.check(guest.page, theme="dark")
    text = guest.page.content()
    assert "Northlight" not in text
    assert "olive@example.com" not in text

    page.get_by_role("button", name="Revoke").first.click()
    expect(page.get_by_text("The link is revoked.")).to_be_visible()
    answer = guest.page.goto(address)
    assert answer is not None
    assert answer.status in (404, 410)
    expect(guest.page.locator("video")).to_have_count(0)
