"""People with budgets, browsers, and mail as it was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from accounts.actors import Actor
from accounts.models import Membership, Role, User
from billing import budgets
from billing.models import Budget, Period
from generations import offers
from tests.pages.conftest import browser  # noqa: F401 - a fixture of the pages, used here too
from tests.world import World, person

DIME = 100_000
DATA = {"prompt": "ten cents"}
SLUG = "flux-kontext-pro"


@pytest.fixture(autouse=True)
def _ten_cents(request: Any) -> None:
    """flux-kontext-pro costs $0.10 wherever there is a world."""
    for name in ("world", "committed_world"):
        if name in request.fixturenames:
            request.getfixturevalue(name)
            offers.publish(slug=SLUG, rates={"image": DIME}, margin_ppm=0, by="test", reason="test")


def join(world: World, name: str, role: Role) -> User:
    """Another person in the team."""
    user = person(name)
    Membership.objects.create(team=world.team, user=user, role=role)
    return user


def place(world: World, user: User) -> Membership:
    """Their place in the team."""
    return Membership.objects.select_related("user").get(team=world.team, user=user)


def cap(world: World, user: User, limit: int, period: Period = Period.DAY, by: Actor | str = "test") -> Budget:
    """A budget of a member."""
    return budgets.set_limit(by=by, team=world.team, membership=place(world, user), period=period, limit=limit)


def key_cap(world: World, limit: int, period: Period = Period.DAY) -> Budget:
    """A budget of the world's key."""
    return budgets.set_limit(by="test", team=world.team, api_key=world.api_key, period=period, limit=limit)


@pytest.fixture
def page_of(world: World, browser: Callable[[User], Client]) -> Callable[[User], Client]:  # noqa: F811
    """A browser of somebody of the world."""
    return browser


def letters() -> list[tuple[str, str]]:
    """(to, subject) of every mail so far, in order."""
    return [(message.to[0], message.subject) for message in mail.outbox]
