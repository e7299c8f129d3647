"""Staff who look at a team's pages: at every address nothing is sent, nothing changes and nothing breaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from django.conf import settings

from accounts import viewing
from project import db
from project.times import stamp
from tests.tenancy.addresses import addresses
from tests.tenancy.asking import Prints, ask, taken_back
from tests.tenancy.matrix import is_api, path_of, ruled
from tests.tenancy.rules import METHODS
from tests.tenancy.scene import Caller, Scene

pytestmark = pytest.mark.django_db  # asks for the test database; see conftest.py
PAGES = [address for address in addresses() if not is_api(address)]
OUT = {"staff_view_end", "account_logout"}
PROGRAMS = ("api/", "callbacks/", "health/")
NOT_SHOWN = {"payment_return", "statement_csv", "statement_pdf", "spend_csv"}  # exports are acts of the team's log


@pytest.fixture(scope="module")
def root(scene: Scene) -> Caller:
    """The superuser, looking at the pages of alice's team."""
    caller = scene.browsers["root"]
    assert caller.user is not None
    store = import_module(settings.SESSION_ENGINE).SessionStore(caller.session)
    until = stamp(db.now() + timedelta(minutes=20))
    store[viewing.SESSION] = {"team": scene.home.team.pk, "staff": caller.user.pk, "until": until}
    store.save()
    return replace(caller, permissions=viewing.READS)


@pytest.fixture(scope="module")
def prints(scene: Scene) -> tuple[Prints, Prints]:
    return Prints(scene.home.team), Prints(scene.away.team)


def _now(prints: tuple[Prints, Prints]) -> list[Any]:
    return [one.now() for one in prints]


@pytest.mark.timeout(600)  # every address by every method, twice: 130 s on a busy machine
def test_nothing_is_sent_anywhere(scene: Scene, root: Caller, prints: tuple[Prints, Prints]) -> None:
    before = _now(prints)
    faults = []
    for address in addresses():
        if address.name in OUT:
            continue
        rule = ruled(address)
        for method in METHODS:
            if method in ("GET", "HEAD", "OPTIONS") and not (method == "OPTIONS" and not is_api(address)):
                continue
            with taken_back():
                answer = ask(root, method, path_of(address, scene.home), data=dict(rule.body or {}))
            said = b"as staff, read only" in answer.body
            program = address.route.startswith(PROGRAMS)
            if not program and not (answer.status == 403 and said):
                faults.append(f"{method} {address.route}: {answer.status}")
            if program and answer.status < 400:
                faults.append(f"{method} {address.route}: {answer.status}")
    assert faults == []
    with taken_back():
        for address in addresses():
            if address.name not in OUT:
                for method in ("POST", "PUT", "PATCH", "DELETE"):
                    ask(root, method, path_of(address, scene.home), data=dict(ruled(address).body or {}))
        assert _now(prints) == before


def test_every_page_is_read_or_refused_and_changes_nothing(
    scene: Scene, root: Caller, prints: tuple[Prints, Prints]
) -> None:
    faults = []
    before = _now(prints)
    with taken_back():
        for address in PAGES:
            rule = ruled(address)
            if rule.kind == "staff":
                continue  # the staff's own desks write what was exported
            answer = ask(root, "GET", path_of(address, scene.home))
            if answer.status >= 500 and answer.status != 503:
                faults.append(f"{address.route}: {answer.status} {answer.error}")
            if answer.status == 200 and b"<main" in answer.body and b"as staff, read only" not in answer.body:
                faults.append(f"{address.route}: no banner")
            if answer.status == 200 and rule.kind == "team" and rule.permission not in viewing.READS:
                faults.append(f"{address.route}: not to be read")
            if answer.status == 200 and rule.kind == "team" and "GET" in rule.fresh:
                faults.append(f"{address.route}: asks for a fresh proof")
        after = _now(prints)
    changed = [table for one, two in zip(before, after, strict=True) for table in one if one[table] != two[table]]
    assert (faults, changed) == ([], [])


def test_the_pages_of_an_owner_are_shown(scene: Scene, root: Caller) -> None:
    refused = []
    for address in PAGES:
        rule = ruled(address)
        wanted = rule.kind == "team" and rule.permission in viewing.READS and "GET" in (rule.methods or ())
        if not wanted or "GET" in rule.fresh or address.name in NOT_SHOWN or rule.answers.get("GET"):
            continue
        with taken_back():
            answer = ask(root, "GET", path_of(address, scene.home))
        if answer.status != 200:
            refused.append(f"{address.route}: {answer.status} {answer.error}")
    assert refused == []
