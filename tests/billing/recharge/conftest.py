"""Browsers, as the pages' tests have them, and one whose person has just proven who they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from tests.pages.conftest import Browser, browser  # noqa: F401 - a fixture of the pages, used here too
from tests.world import PASSWORD


@pytest.fixture
def proven(browser: Browser) -> Callable[[User], Client]:  # noqa: F811
    """A browser in which this person is signed in and has given the password a moment ago."""

    def prove(user: User) -> Client:
        client = browser(user)
        answer = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        assert answer.status_code == 302, answer.content
        return client

    return prove
