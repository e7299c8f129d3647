"""Browsers that sign in by the form, prove again who they are, and open the links of their mail."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.conf import settings
from django.core import mail
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client

from accounts.models import User
from tests.world import PASSWORD, World

LOGIN, SIGN_UP, RESET = "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"


@pytest.fixture(autouse=True)
def _fresh_limits(db: None) -> None:
    """Tries are counted in the cache."""
    cache.clear()


SignIn = Callable[..., Client]


@pytest.fixture
def sign_in() -> SignIn:
    """sign_in(user, password=..., **client): a new browser, signed in by the form."""

    def go(user: User, password: str = PASSWORD, client: Client | None = None, **kwargs: str) -> Client:
        browser = client or Client(**kwargs)  # type: ignore[arg-type]
        answer = browser.post(LOGIN, {"login": user.email, "password": password})
        assert answer.status_code == 302, answer.content
        return browser

    return go


@pytest.fixture
def alice(world: World, sign_in: SignIn) -> Client:
    return sign_in(world.alice)


def prove(client: Client, password: str = PASSWORD) -> None:
    """The fresh proof before what is dangerous."""
    answer = client.post("/accounts/reauthenticate/", {"password": password})
    assert answer.status_code == 302, answer.content


def mails_to(address: str) -> list[EmailMessage]:
    return [message for message in mail.outbox if message.to == [address]]


def link_in(message: EmailMessage) -> str:
    """The first address of ours in a message, without the host."""
    found = re.search(re.escape(settings.SITE_URL) + r"(/\S+)", str(message.body))
    assert found is not None, message.body
    return found[1]


def is_signed_in(client: Client) -> bool:
    return client.get("/settings/profile").status_code == 200
