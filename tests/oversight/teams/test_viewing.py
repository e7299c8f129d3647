"""Looking as the team: with a reason, for half an hour, told to the team, and gone when the duty goes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts import authority, roles, viewing
from accounts.models import AuditEvent, Team, User
from generations.models import Generation
from project import db
from project.errors import Forbidden
from project.times import stamp
from tests.accounts.audit.conftest import browser_of
from tests.oversight.conftest import staff_of
from tests.oversight.teams.conftest import acts
from tests.world import World

BANNER = "as staff, read only"


@pytest.fixture
def vic(db: None) -> User:
    return staff_of("vic", "see_teams", "view_as_team")


@pytest.fixture
def looking(world: World, vic: User) -> Client:
    client = browser_of(vic, method="mfa")
    address = f"/admin/teams/{world.team.public_id}/view"
    answer = client.post(address, {"reason": "they asked for help", "once": "6f1b7c52-0d53-4f5e-9a55-0d0f6b1f6a10"})
    assert (answer.status_code, answer["Location"]) == (302, "/history")
    return client


def test_the_teams_pages_are_read_with_a_banner(
    world: World, looking: Client, make: Callable[..., Generation], caplog: pytest.LogCaptureFixture
) -> None:
    row = make()
    with caplog.at_level(logging.INFO, "project.access"):
        page = looking.get("/history").content.decode()
    assert row.public_id in page
    assert BANNER in page
    assert f"viewing={world.team.public_id}" in caplog.text
    assert world.team.name in looking.get("/wallet").content.decode()
    assert BANNER in looking.get("/admin/teams").content.decode()
    answer = looking.post("/studio/veo-3.1-fast", {"prompt": "a dog", "do": "make"})
    assert answer.status_code == 403
    assert "nothing can be sent or changed" in answer.content.decode()
    assert looking.get("/team/settings").status_code == 403
    assert looking.get("/team/keys/new").status_code == 403
    assert looking.get("/wallet/statement.csv").status_code == 403
    assert Generation.objects.count() == 1


def test_the_team_sees_that_staff_looked_and_not_who(world: World, looking: Client, vic: User) -> None:
    assert looking.post("/admin/teams/view/end").status_code == 302
    began, ended = acts(world.team, "staff.viewed")
    assert (began.actor, began.data["did"], began.data["reason"]) == (f"staff:{vic.pk}", "began", "they asked for help")
    assert ended.data == {"did": "ended"}
    page = browser_of(world.alice).get("/team/audit").content.decode()
    assert "Looked at the team" in page
    assert "they asked for help" in page
    assert vic.email not in page
    assert looking.get("/history").status_code == 403
    assert looking.post("/admin/teams/view/end").status_code == 302
    assert len(acts(world.team, "staff.viewed")) == 2


def test_it_ends_after_half_an_hour(world: World, looking: Client) -> None:
    session = looking.session
    kept = session[viewing.SESSION]
    session[viewing.SESSION] = {**kept, "until": stamp(db.now() - timedelta(seconds=1))}
    session.save()
    assert looking.get("/history").status_code == 403
    assert viewing.SESSION not in looking.session
    assert [event.data["did"] for event in acts(world.team, "staff.viewed")] == ["began", "ended"]


@pytest.mark.parametrize("what", ["duty", "staff", "active"])
def test_it_ends_with_the_duty(world: World, looking: Client, vic: User, what: str) -> None:
    if what == "duty":
        vic.user_permissions.remove(Permission.objects.get(codename="view_as_team"))
    else:
        User.objects.filter(pk=vic.pk).update(**{f"is_{what}": False})
    answer = looking.get("/wallet")
    assert world.team.public_id not in answer.content.decode()
    assert BANNER not in answer.content.decode()


def test_who_signs_out_is_out(looking: Client) -> None:
    assert looking.post("/accounts/logout/").status_code == 302
    assert viewing.SESSION not in looking.session
    assert looking.get("/history").status_code == 302


def test_services_refuse_even_if_a_view_forgot(world: World, vic: User) -> None:
    view = viewing.View(team=Team.objects.get(pk=world.team.pk), staff=vic, until=db.now())
    assert view.actor.permissions == {roles.SEE, roles.BILLING, roles.MANAGE}
    for permission in view.actor.permissions:
        with pytest.raises(Forbidden):
            authority.still(view.actor, permission)


def test_another_persons_session_is_no_view(world: World, looking: Client) -> None:
    other = browser_of(staff_of("tom", "see_teams"), method="mfa")
    session = other.session
    session[viewing.SESSION] = looking.session[viewing.SESSION]
    session.save()
    assert other.get("/history").status_code == 403
    assert AuditEvent.objects.filter(action="staff.viewed").exists()
