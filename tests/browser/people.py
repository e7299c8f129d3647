"""Somebody before a screen."""

from __future__ import annotations

import re
from dataclasses import dataclass

from playwright.sync_api import BrowserContext, Page, Response, expect

from tests.browser.house import BrowserHouse
from tests.browser.watch import Watch

_ADDRESS = re.compile("e-?mail", re.IGNORECASE)


@dataclass
class Person:
    """A browser of its own with one page open; `watch` listens to all that it loads."""

    page: Page
    context: BrowserContext
    watch: Watch
    house: BrowserHouse

    def goes_to(self, path: str) -> Response:
        """Opens an address of the house; the answer to it."""
        answer = self.page.goto(path)
        assert answer is not None
        return answer

    def signs_up(self, email: str, password: str) -> None:
        """By the form and by the link in the mail; ends signed in, in the studio."""
        self.goes_to("/accounts/signup/")
        self.fills_sign_up(email, password)
        expect(self.page.get_by_role("heading", level=1)).to_contain_text("mail")
        self.confirms(email, password)
        self.page.wait_for_url("**/studio")

    def confirms(self, email: str, password: str) -> None:
        """By the link in the mail, which says that the address is confirmed; ends signed in."""
        self.goes_to(self.house.link_to(email, "/accounts/confirm-email/"))
        self.page.get_by_role("button", name="Confirm").click()
        self.page.wait_for_url(lambda url: "/confirm-email/" not in url)
        if "/login/" in self.page.url:
            self.signs_in(email, password)
            self.page.wait_for_url(lambda url: "/login/" not in url)

    def fills_sign_up(self, email: str, password: str) -> None:
        """The form of the page at hand."""
        self.page.get_by_role("textbox", name=_ADDRESS).fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_label("Password (again)").fill(password)
        self.page.get_by_role("main").get_by_role("button", name="Sign up").click()

    def signs_in(self, email: str, password: str) -> None:
        """By the form."""
        self.goes_to("/accounts/login/")
        self.page.get_by_role("textbox", name=_ADDRESS).fill(email)
        self.page.get_by_label("Password", exact=True).fill(password)
        self.page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
