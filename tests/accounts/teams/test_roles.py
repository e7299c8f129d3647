"""Who may give which role to whom: nobody gives or takes more than they have, and a team keeps an owner."""

from __future__ import annotations

import pytest
from django.core import mail
from django.db import DatabaseError, transaction

from accounts import members, roles
from accounts.models import Action, AuditEvent, Membership, Role, User
from project.errors import Conflict, Forbidden, Invalid, NotFound
from tests.accounts.teams.conftest import join, place
from tests.world import World

OF_ADMIN = {Role.ADMIN, Role.MEMBER, Role.VIEWER}


@pytest.mark.parametrize("now", Role.values)
@pytest.mark.parametrize("then", Role.values)
@pytest.mark.parametrize("by", Role.values)
def test_the_whole_table(world: World, by: str, now: str, then: str) -> None:
    actor = world.actor(join(world, "zoe", by))
    other = place(world, join(world, "yan", now))
    given = set(Role.values) if by == Role.OWNER else OF_ADMIN if by == Role.ADMIN else set()
    if {now, then} <= given:
        assert members.change_role(by=actor, membership=other, role=then).role == then
    else:
        with pytest.raises((Forbidden, Invalid)):
            members.change_role(by=actor, membership=other, role=then)
    other.refresh_from_db()
    assert other.role == (then if {now, then} <= given else now)


@pytest.mark.parametrize("role", Role.values)
def test_an_admin_removes_only_whom_they_could_have_invited(world: World, dave: User, role: str) -> None:
    other = place(world, join(world, "yan", role))
    if role in OF_ADMIN:
        assert members.remove(by=world.actor(dave), membership=other).ended_at is not None
    else:
        with pytest.raises(Forbidden):
            members.remove(by=world.actor(dave), membership=other)
        assert Membership.current.filter(pk=other.pk).exists()


def test_a_change_stands_in_the_log_and_is_told(world: World) -> None:
    members.change_role(by=world.actor(world.alice), membership=place(world, world.bob), role=Role.ADMIN)
    event = AuditEvent.objects.get(action=Action.ROLE_CHANGED)
    assert (event.team_id, event.target_name, event.data) == (
        world.team.pk,
        world.bob.email,
        {"before": "member", "after": "admin"},
    )
    assert (event.actor_name, event.target) == (world.alice.email, place(world, world.bob).public_id)
    (message,) = mail.outbox
    assert message.to == [world.bob.email]
    assert "You are admin of Studio now" in message.subject
    assert "from member to admin" in str(message.body)


def test_the_role_that_one_has_already_is_no_change(world: World) -> None:
    members.change_role(by=world.actor(world.alice), membership=place(world, world.bob), role=Role.MEMBER)
    assert not AuditEvent.objects.filter(action=Action.ROLE_CHANGED).exists()
    assert mail.outbox == []


def test_a_role_that_does_not_exist(world: World) -> None:
    with pytest.raises(Invalid) as caught:
        members.change_role(by=world.actor(world.alice), membership=place(world, world.bob), role="king")
    assert caught.value.errors[0].path == "role"


def test_the_last_owner_stays(world: World) -> None:
    actor = world.actor(world.alice)
    for act in (
        lambda: members.change_role(by=actor, membership=place(world, world.alice), role=Role.ADMIN),
        lambda: members.leave(by=actor),
    ):
        with pytest.raises(Conflict, match="Studio needs an owner") as caught:
            act()
        assert caught.value.code == "last_owner"
    second = place(world, join(world, "olga", Role.OWNER))
    assert members.leave(by=actor).ended_at is not None
    with pytest.raises(Conflict):
        members.leave(by=world.actor(second.user))


def test_an_owner_who_cannot_sign_in_is_no_owner_to_rely_on(world: World) -> None:
    join(world, "olga", Role.OWNER)
    User.objects.filter(email="olga@example.com").update(is_active=False)
    with pytest.raises(Conflict, match="needs an owner"):
        members.leave(by=world.actor(world.alice))


def test_the_wall_behind_the_sentence(committed_world: World) -> None:
    with pytest.raises(DatabaseError, match="a team keeps an owner"), transaction.atomic():
        Membership.objects.filter(team=committed_world.team, user=committed_world.alice).update(role=Role.ADMIN)


def test_leaving_stands_in_the_log_and_ends_the_place(world: World) -> None:
    members.leave(by=world.actor(world.bob))
    assert place(world, world.bob).ended_at is not None
    assert AuditEvent.objects.get(action=Action.MEMBER_LEFT).actor_name == world.bob.email


def test_removing_oneself_is_leaving(world: World, dave: User) -> None:
    with pytest.raises(Conflict) as caught:
        members.remove(by=world.actor(dave), membership=place(world, dave))
    assert caught.value.code == "leave_instead"


def test_members_of_another_team_are_not_there(world: World) -> None:
    foreign = Membership.objects.get(user=world.mallory)
    actor = world.actor(world.alice)
    for act in (
        lambda: members.remove(by=actor, membership=foreign),
        lambda: members.change_role(by=actor, membership=foreign, role=Role.VIEWER),
    ):
        with pytest.raises(NotFound):
            act()
    foreign.refresh_from_db()
    assert (foreign.role, foreign.ended_at) == (Role.OWNER, None)


def test_somebody_removed_is_removed_once(world: World) -> None:
    bob = place(world, world.bob)
    members.remove(by=world.actor(world.alice), membership=bob)
    with pytest.raises(NotFound):
        members.remove(by=world.actor(world.alice), membership=bob)
    assert AuditEvent.objects.filter(action=Action.MEMBER_REMOVED).count() == 1
    assert [message.to for message in mail.outbox] == [[world.bob.email]]


def test_the_actor_s_own_place_is_asked_again(world: World, dave: User) -> None:
    """The page was answered before the role was lowered, or the admin removed."""
    before = world.actor(dave)
    Membership.objects.filter(user=dave).update(role=Role.MEMBER)
    with pytest.raises(Forbidden, match="needs the permission “manage”"):
        members.remove(by=before, membership=place(world, world.bob))
    members.remove(by=world.actor(world.alice), membership=place(world, dave))
    for act in (
        lambda: members.remove(by=before, membership=place(world, world.bob)),
        lambda: members.leave(by=before),
    ):
        with pytest.raises(Forbidden) as caught:
            act()
        assert caught.value.code == "not_a_member"
    assert place(world, world.bob).ended_at is None


def test_grantable_roles_never_exceed_the_own(world: World) -> None:
    for role in Role.values:
        mine = roles.of_role(role)
        assert all(roles.of_role(other) <= mine for other in roles.grantable_roles(mine))
