"""Where a mail about a team leads, for somebody who belongs to several."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts import keys, teams
from accounts.access import SESSION_TEAM
from accounts.models import Team
from tests.pages.parsing import read
from tests.world import World


@pytest.fixture
def second(world: World) -> Team:
    return teams.create(name="Second", owner=world.alice)


def link(team: Team, to: str = "/team/keys") -> str:
    return f"/teams/{team.public_id}/go?to={to}"


def test_it_leads_on_where_the_session_acts_for_that_team(world: World, browser: Any) -> None:
    assert browser(world.alice).get(link(world.team)).headers["Location"] == "/team/keys"


def test_it_asks_before_it_acts_for_another_team(world: World, browser: Any, second: Team) -> None:
    alice = browser(world.alice)
    page = read(alice.get(link(second)))
    assert "Second" in page.one("h1").text
    assert SESSION_TEAM not in alice.session
    answer = alice.post(link(second), {"to": page.one("input", name="to").attrs["value"]})
    assert answer.headers["Location"] == "/team/keys"
    assert alice.session[SESSION_TEAM] == second.pk


@pytest.mark.parametrize(
    "to", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_it_leads_nowhere_else(world: World, browser: Any, to: str) -> None:
    answer = browser(world.alice).get(f"/teams/{world.team.public_id}/go", {"to": to})
    assert answer.headers["Location"] == "/studio"


def test_a_stranger_to_the_team_gets_404(world: World, browser: Any) -> None:
    mallory = browser(world.mallory)
    for ask in (mallory.get, mallory.post):
        assert ask(link(world.team)).status_code == 404
    assert Client().get(link(world.team)).status_code == 302


def test_the_mail_about_a_key_leads_there(world: World, browser: Any, mailoutbox: Any) -> None:
    keys.revoke(key=world.api_key, by=world.actor(world.alice))
    assert f"/teams/{world.team.public_id}/go?to=/team/keys" in mailoutbox[-1].body
