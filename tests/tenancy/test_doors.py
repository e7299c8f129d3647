"""What stands before a page besides a role: a fresh proof, a second factor, a token of our form, no shared cache."""

from __future__ import annotations

import dataclasses

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.urls import reverse

from accounts.models import Team
from tests.tenancy.addresses import Address, addresses
from tests.tenancy.asking import ask, taken_back
from tests.tenancy.matrix import is_api, path_of, ruled
from tests.tenancy.rules import BOTH, METHODS
from tests.tenancy.scene import Caller, Scene

pytestmark = pytest.mark.django_db

PAGES = [a for a in addresses() if ruled(a).kind in ("team", "person") and ruled(a).methods is not None]
OF_TEAMS = [a for a in PAGES if ruled(a).kind == "team"]
TAKING = [a for a in addresses() if not is_api(a) and "POST" in (ruled(a).methods or METHODS)]
named = [address.route for address in PAGES]


def without_proof(caller: Caller) -> Caller:
    """The same person in a session whose proof of identity is old."""
    assert caller.session is not None
    session = SessionStore(SessionStore(caller.session).session_key)
    values = {**session.load(), "account_authentication_methods": []}
    other = SessionStore()
    other.update(values)
    other.create()
    return dataclasses.replace(caller, session=other.session_key)


@pytest.mark.parametrize("address", PAGES, ids=named)
def test_a_dangerous_page_asks_who_it_is(scene: Scene, address: Address) -> None:
    rule, path = ruled(address), path_of(address, scene.home)
    with taken_back():
        caller = without_proof(scene.browsers["owner"])
        for method in sorted((rule.methods or BOTH) & {"GET", "POST"}):
            with taken_back():
                answer = ask(caller, method, path)
            asked = answer.status == 302 and reverse("account_reauthenticate") in answer.headers["Location"]
            assert asked == (method in rule.fresh), f"{method} {path}: {answer.status}"


@pytest.mark.parametrize("address", OF_TEAMS, ids=[address.route for address in OF_TEAMS])
def test_a_team_that_requires_a_second_factor(scene: Scene, address: Address) -> None:
    with taken_back():
        Team.objects.filter(pk=scene.home.team.pk).update(requires_mfa=True)
        for method in sorted((ruled(address).methods or BOTH) & {"GET", "POST"}):
            answer = ask(scene.browsers["owner"], method, path_of(address, scene.home))
            assert (answer.status, answer.headers.get("Location")) == (302, reverse("mfa_index")), method


@pytest.mark.parametrize("address", TAKING, ids=[address.route or "/" for address in TAKING])
def test_no_page_takes_a_form_from_elsewhere(scene: Scene, address: Address) -> None:
    """A form without our token is refused before the view; a callback is known by its own token."""
    if address.route.startswith("callbacks/"):
        assert getattr(address.view, "csrf_exempt", False)
        return
    with taken_back():
        answer = ask(scene.browsers["root"], "POST", path_of(address, scene.home), csrf=True)
    assert answer.status == 403


@pytest.mark.parametrize("address", PAGES, ids=named)
def test_no_shared_cache_keeps_a_page(scene: Scene, address: Address) -> None:
    if "GET" not in (ruled(address).methods or BOTH):
        return
    with taken_back():
        answer = ask(scene.browsers["owner"], "GET", path_of(address, scene.home))
    assert "private" in answer.headers["Cache-Control"], answer.headers
