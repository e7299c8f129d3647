"""No mouse: from signing in to a video under way, and always to be seen where one is."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.people import Person

_FOCUSED = """
() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const shown = one.matches("input[type=radio], input[type=checkbox], input[type=file]") && one.closest("label") || one;
  const marks = (at) => [null, "::before", "::after"].some((part) => {
    const style = getComputedStyle(at, part);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1;
  });
  const box = shown.getBoundingClientRect();
  const near = [one, shown, ...shown.children, one.parentElement].filter(Boolean);
  return { tag: one.localName, name: (one.getAttribute("aria-label") || one.innerText || one.name || "").trim(),
           id: one.id, marked: near.some(marks), inside: box.bottom > 0 && box.top < innerHeight };
}
"""
MOST_STOPS = 80  # presses of Tab that lead through a page


def tab_to(page: Page, *, name: str = "", id: str = "") -> None:
    """Presses Tab until the focus is there; on the way it is always seen."""
    passed = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        at = page.evaluate(_FOCUSED)
        if at is None:
            continue
        passed.append(f"{at['tag']} {at['name']!r} #{at['id']}")
        assert at["marked"], f"the focus cannot be seen on {passed[-1]}"
        assert at["inside"], f"the focus is off the screen on {passed[-1]}"
        if (name and re.fullmatch(name, at["name"])) or (id and at["id"] == id):
            return
    raise AssertionError(f"Tab does not lead to {name or id}: {passed}")


def test_from_sign_in_to_a_generation(person: Callable[..., Person]) -> None:
    somebody = person()
    page, keys = somebody.page, somebody.page.keyboard
    somebody.goes_to("/accounts/login/")
    tab_to(page, id="id_login")
    keys.type("olive@example.com")
    tab_to(page, id="id_password")
    keys.type(somebody.house.seeded.password)
    keys.press("Enter")
    page.wait_for_url("**/studio")

    keys.press("Tab")
    assert "Skip" in page.evaluate(_FOCUSED)["name"], "the first stop leads past the head of the page"
    keys.press("Enter")
    tab_to(page, name="(?s).*Veo 3.1 Fast.*")
    keys.press("Enter")
    page.wait_for_url("**/studio/veo-3.1-fast")
    page.evaluate("() => document.activeElement.blur()")
    tab_to(page, id=str(page.get_by_label("Prompt", exact=True).get_attribute("id")))
    keys.type("A lantern swings on a pier in the fog")
    keys.press("Control+Enter")
    page.wait_for_url(re.compile("/generations/gen_"))
    expect(page.get_by_role("main")).to_contain_text("lantern")


def test_the_menu_by_keyboard(person: Callable[..., Person]) -> None:
    """Opens by Enter, closes by Escape, and gives the focus back."""
    olive = person("olive")
    page = olive.page
    olive.goes_to("/studio")
    tab_to(page, name="(?s).*Northlight Studio.*")
    page.keyboard.press("Enter")
    out = page.get_by_role("button", name="Sign out")
    expect(out).to_be_visible()
    page.keyboard.press("Escape")
    expect(out).to_be_hidden()
    assert "Northlight" in page.evaluate(_FOCUSED)["name"]
