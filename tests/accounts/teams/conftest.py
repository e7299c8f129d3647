"""The named world with an admin (dave) and a billing member (erin), and browsers of people who have just proved who
they are."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.models import Membership, Role, User
from tests.pages.conftest import Browser
from tests.pages.conftest import alice as alice
from tests.pages.conftest import browser as browser
from tests.pages.conftest import make as make
from tests.world import PASSWORD, World, person


@pytest.fixture(autouse=True)
def _fresh_limits(db: None) -> None:
    """Tries are counted in the cache."""
    cache.clear()


@pytest.fixture
def dave(world: World) -> User:
    """An admin of Studio."""
    return join(world, "dave", Role.ADMIN)


@pytest.fixture
def erin(world: World) -> User:
    """Who keeps the money of Studio."""
    return join(world, "erin", Role.BILLING)


def join(world: World, name: str, role: str) -> User:
    user = person(name)
    Membership.objects.create(team=world.team, user=user, role=role)
    return user


def place(world: World, user: User) -> Membership:
    """The person's place in Studio, current or ended."""
    return Membership.objects.select_related("user", "team").get(team=world.team, user=user)


@pytest.fixture
def proven(browser: Browser) -> Callable[[User], Client]:
    """A browser in which this person is signed in and has given the password a moment ago."""

    def prove(user: User) -> Client:
        client = browser(user)
        answer = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
        assert answer.status_code == 302, answer.content
        return client

    return prove


def link_to(email: str) -> str:
    """The path of the link in the last invitation that was mailed to this address."""
    sent = [message for message in mail.outbox if message.to == [email]]
    found = re.search(r"(/invitations/\S+)", str(sent[-1].body))
    assert found is not None
    return found[1]
