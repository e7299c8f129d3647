"""Who reads the log: a manager with a fresh proof, and staff behind their gate."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.db import connection
from django.http import HttpRequest
from django.test import Client

from accounts import audit
from accounts.models import Action, AuditEvent, Team, User
from tests.world import World, person

Browser = Callable[..., Client]


def browser_of(user: User, *, fresh: bool = True, method: str = "password") -> Client:
    """A browser in which this person is signed in, with a fresh proof of identity or with one that is old."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    request = HttpRequest()
    request.session, request.user = client.session, user
    record_authentication(request, user, method=method, reauthenticated=True)
    if not fresh:
        request.session["account_authentication_methods"][0]["at"] = time.time() - 3600
    request.session.save()
    return client


@pytest.fixture
def alice(world: World) -> Client:
    """The owner, with a fresh proof."""
    return browser_of(world.alice)


@pytest.fixture
def staff_user(db: None) -> User:
    """One of the operator's people, who may do everything."""
    user = person("sam")
    user.is_staff = user.is_superuser = True
    user.save()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "none"})
    return user


@pytest.fixture
def staff(staff_user: User) -> Client:
    """Their browser, past the gate."""
    return browser_of(staff_user, method="mfa")


@pytest.fixture
def happen(world: World) -> Callable[..., AuditEvent]:
    """happen(Action.INVITED, target_name=..., by=alice): one event of the team."""

    def act(action: Action = Action.INVITED, /, *, by: Any = None, team: Team | None = None, **rest: Any) -> AuditEvent:
        return audit.record(action, by=by or world.actor(world.alice), team=team or world.team, **rest)

    return act


def fill(team: Team, count: int, *, first: int = 0) -> None:
    """So many events of a team, by one statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            """insert into accounts_auditevent
                 (team_id, action, actor, actor_name, target, target_name, data, ip, user_agent, request_id)
               select %s, 'user.signed_in', 'user:' || n %% 7, 'person' || n %% 7 || '@example.com', '', '',
                 jsonb_build_object('number', n), '203.0.113.9', 'curl/8.5.0', lpad(to_hex(n), 32, '0')
               from generate_series(%s::int, %s::int) n""",
            [team.pk, first, first + count - 1],
        )
