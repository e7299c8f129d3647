"""Forms that were filled wrongly: the page says so beside the field, fit for everybody, and its picture is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import expect

from tests.browser import axe, screens
from tests.browser.people import Person
from tests.browser.watch import NARROW, WIDE, check_width


@dataclass(frozen=True)
class Mistake:
    """What is written into which fields of a page (by name), the button that is pressed, and what is said then. {…} in
    its path are ids that the seed made. `sent`: whether only the server says it, or the page before it sends."""

    name: str
    path: str
    fields: dict[str, str]
    button: str = ""
    says: str = ""
    who: str = "olive"
    sent: bool = True


OLIVE = "olive@example.com"
MISTAKES = [
    Mistake("sign-in", "/accounts/login/", {"login": OLIVE, "password": "x"}, "Sign in", "not correct", ""),
    Mistake("sign-up", "/accounts/signup/", {"email": "ada", "password1": "a", "password2": "b"}, "Sign up", "", ""),
    Mistake("model", "/studio/seedream-v4-edit", {"prompt": ""}, "Generate", "required", sent=False),
    Mistake("top-up", "/wallet/top-up", {"amount": "2"}, "Go on to pay"),
    Mistake("key-new", "/team/keys/new", {"name": "Render", "allowed_ips": "the office"}, "Make the key"),
    Mistake("webhook-new", "/webhooks/new", {"url": "http://example.com"}, says="https"),
    Mistake("invite", "/team", {"email": "nobody"}, "Send the invitation"),
    Mistake("team-new", "/teams/new", {"name": " "}),
    Mistake("password", "/accounts/password/change/", {"oldpassword": "x", "password1": "y", "password2": "z"}),
    Mistake("alert", "/admin/alerts/{alert}", {"text": " "}, "Acknowledge", "required", "root"),
    Mistake("low-credit", "/studio/veo-3.1-fast", {"prompt": "a dog"}, "Generate", "Nothing was charged", "nora"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: str(mistake.name))
def test_mistake(mistake: Mistake, person: Callable[..., Person]) -> None:
    somebody = person(mistake.who, expected=(402, 422))
    page = somebody.page
    somebody.goes_to(mistake.path.format(**somebody.house.seeded.ids))
    for name, value in mistake.fields.items():
        field = page.locator(f"main [name={name}]:not([type=radio])").first
        if not field.is_visible():  # in a part that is folded
            page.locator(f"main details:has([name={name}]) > summary").first.click()
        field.fill(value)
    form = page.locator(f"main form:has([name={next(iter(mistake.fields))}])")
    buttons = (
        form.get_by_role("button", name=mistake.button, exact=True) if mistake.button else form.locator("[type=submit]")
    )
    if mistake.sent:
        with page.expect_navigation() as going:
            buttons.last.click()
        assert going.value.status in (200, 402, 422), going.value.status  # django-allauth's own forms answer 200
    else:
        buttons.last.click()
    said = page.locator("main .error-text:visible, main [role=alert]:visible").first
    expect(said).to_be_visible()
    if mistake.says:
        expect(page.get_by_role("main")).to_contain_text(mistake.says)
    screens.take(page, mistake.name, "error", WIDE)
    axe.check(page, theme="light")
    axe.check(page, theme="dark")
    page.emulate_media(color_scheme="light")
    screens.take(page, mistake.name, "error", NARROW)
    check_width(page)
