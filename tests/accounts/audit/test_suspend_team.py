"""Staff suspend a team and reinstate it: active <-> suspended, nothing else, and only staff who may."""

from __future__ import annotations

import pytest
from django.db import transaction

from accounts import standing
from accounts.models import Action, AuditEvent, Team, User
from project import db
from project.errors import Conflict, Forbidden
from tests.concurrency.racing import race, split
from tests.world import World, person


def told(team: Team) -> list[str]:
    actions = [Action.TEAM_SUSPENDED, Action.TEAM_REINSTATED]
    return list(
        AuditEvent.objects.filter(team=team, action__in=actions).order_by("pk").values_list("action", flat=True)
    )


def test_there_and_back_each_told_once(world: World, staff_user: User) -> None:
    for verb, status in ((standing.suspend, "suspended"), (standing.reinstate, "active")):
        for _ in range(2):
            assert verb(team=world.team, by=staff_user).status == status
    assert told(world.team) == [Action.TEAM_SUSPENDED, Action.TEAM_REINSTATED]


@pytest.mark.parametrize("status", ["closing", "closed"])
@pytest.mark.parametrize("verb", [standing.suspend, standing.reinstate])
def test_a_team_at_its_end_is_left_alone(world: World, staff_user: User, status: str, verb: object) -> None:
    Team.objects.filter(pk=world.team.pk).update(status="closing")
    if status == "closed":
        Team.objects.filter(pk=world.team.pk).update(status="closed", closed_at=db.now())
    with pytest.raises(Conflict):
        verb(team=world.team, by=staff_user)  # type: ignore[operator]
    assert told(world.team) == []


@pytest.mark.parametrize("lost", ["is_staff", "is_active", "is_superuser"])
def test_who_lost_the_right_meanwhile_cannot(world: World, staff_user: User, lost: str) -> None:
    User.objects.filter(pk=staff_user.pk).update(**{lost: False})
    with pytest.raises(Forbidden):
        standing.suspend(team=world.team, by=staff_user)
    with pytest.raises(Forbidden):
        standing.suspend(team=world.team, by=world.alice)
    assert told(world.team) == []


def test_many_at_once_are_one_suspension(committed_world: World) -> None:
    people = []
    for number in range(4):
        user = person(f"sam{number}")
        user.is_staff = user.is_superuser = True
        user.save()
        people.append(user)

    def one(user: User) -> Team:
        return db.in_transaction(lambda: standing.suspend(team=committed_world.team, by=user))

    done, raised = split(race([lambda user=user: one(user) for user in people]))  # type: ignore[misc]
    assert (len(done), raised) == (4, [])
    assert told(committed_world.team) == [Action.TEAM_SUSPENDED]


def test_it_needs_a_transaction_of_the_caller(committed_world: World) -> None:
    from django.db.transaction import TransactionManagementError

    user = person("sam")
    user.is_staff = user.is_superuser = True
    user.save()
    with pytest.raises(TransactionManagementError):
        standing.suspend(team=committed_world.team, by=user)
    with transaction.atomic():
        assert standing.suspend(team=committed_world.team, by=user).status == "suspended"
