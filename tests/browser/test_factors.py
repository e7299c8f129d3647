"""A passkey of a real browser opens the house; an app's code is the second step."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser import axe, screens
from tests.browser.people import Person
from tests.browser.watch import NARROW, WIDE, check_width

PASSWORD = "a violin on the northern stairs"


def has_an_authenticator(somebody: Person) -> None:
    """From now on this browser has a device with a finger's print, as a laptop has."""
    session = somebody.context.new_cdp_session(somebody.page)
    session.send("WebAuthn.enable")
    device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options = {**device, "isUserVerified": True, "automaticPresenceSimulation": True}
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_a_passkey_opens_the_house(person: Callable[..., Person]) -> None:
    somebody = person()
    has_an_authenticator(somebody)
    page = somebody.page
    email = f"pam-{uuid.uuid4().hex[:8]}@example.com"
    somebody.signs_up(email, PASSWORD)
    somebody.goes_to("/accounts/2fa/webauthn/add/")
    if page.get_by_role("heading", name="Is it you?").count():
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
    page.get_by_label("Name", exact=False).first.fill("Laptop")
    page.get_by_role("main").get_by_role("button", name="Go on with this device").click()
    expect(page.get_by_role("main")).to_contain_text(re.compile("Laptop|codes"))
    somebody.context.clear_cookies()
    somebody.goes_to("/accounts/login/")
    page.get_by_role("button", name=re.compile("passkey", re.IGNORECASE)).click()
    page.wait_for_url("**/studio")


def test_the_second_step(person: Callable[..., Person]) -> None:
    """The page that asks for an app's code, which no address shows by itself."""
    somebody = person(expected=(422,))
    page = somebody.page
    somebody.signs_in("fay@example.com", somebody.house.seeded.password)
    page.wait_for_url("**/2fa/authenticate/")
    screens.take(page, "second-step", "full", WIDE)
    axe.check(page, theme="light")
    axe.check(page, theme="dark")
    page.emulate_media(color_scheme="light")
    page.get_by_label("Code", exact=False).first.fill("000000")
    page.get_by_role("main").get_by_role("button", name="Sign in").first.click()
    expect(page.get_by_role("main")).to_contain_text(re.compile("code", re.IGNORECASE))
    screens.take(page, "second-step", "error", NARROW)
    check_width(page)
