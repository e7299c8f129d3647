"""Browsers with a fresh proof of identity, and keys to look at."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest
from django.test import Client

from accounts import keys
from accounts.models import ApiKey, Membership, Role, User
from tests.world import World, person

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def fresh(db: None) -> Callable[[User], Client]:
    """A browser in which this person is signed in and has proven it a moment ago."""

    def sign_in(user: User, *, ago: int = 0) -> Client:
        client = Client()
        client.force_login(user, backend=BACKEND)
        request = HttpRequest()
        request.session, request.user = client.session, user
        record_authentication(request, user, method="password", reauthenticated=True)
        request.session["account_authentication_methods"][0]["at"] = time.time() - ago
        request.session.save()
        return client

    return sign_in


@pytest.fixture
def alice(world: World, fresh: Callable[[User], Client]) -> Client:
    return fresh(world.alice)


@pytest.fixture
def dora(world: World) -> User:
    """An admin of Studio: may manage keys, and has no permission for billing."""
    user = person("dora")
    Membership.objects.create(team=world.team, user=user, role=Role.ADMIN)
    return user


@pytest.fixture
def key_of(world: World) -> Callable[..., tuple[ApiKey, str]]:
    """key_of(scopes=..., **terms): a new key of Studio."""

    def make(**terms: Any) -> tuple[ApiKey, str]:
        return keys.issue(**{"team": world.team, "name": "robot", "scopes": ["generate"], "by": world.alice, **terms})

    return make
