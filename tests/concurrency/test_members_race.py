"""Who belongs to a team, by many at once: the team's row is where they meet (issue 3, races; invariants.md T2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts import invitation_links, invitations, members, teams
from accounts.actors import Actor
from accounts.models import Action, AuditEvent, Invitation, Membership, Role, Team, User
from billing import closures, reconcile
from billing.models import Hold
from generations import outcomes, sweeps
from generations.models import Generation
from project.errors import Conflict, Forbidden, Gone, NotFound, Problem
from tests.concurrency.racing import race, split
from tests.invariants.refusals import ALL_CHECKS
from tests.invariants.steps import accept
from tests.world import World, person

NEW = "nina@example.com"
ROUNDS = range(6)  # each race is run so often: an order that does harm may be rare
FLUX = ("flux-kontext-pro", {"prompt": "a fox"})


def _two_owners(world: World) -> tuple[Actor, Actor]:
    olga = person("olga")
    Membership.objects.create(team=world.team, user=olga, role=Role.OWNER)
    return world.actor(world.alice), world.actor(olga)


def _owners(world: World) -> int:
    return Membership.current.filter(team=world.team, role=Role.OWNER).count()


def _place(actor: Actor) -> Membership:
    assert actor.membership is not None
    return actor.membership


Act = Callable[[Actor, Actor], object]
AGAINST: dict[str, Act] = {
    "remove": lambda by, other: members.remove(by=by, membership=_place(other)),
    "demote": lambda by, other: members.change_role(by=by, membership=_place(other), role=Role.VIEWER),
}


@pytest.mark.parametrize("_", ROUNDS)
@pytest.mark.parametrize(("first", "second"), [("remove", "remove"), ("demote", "demote"), ("remove", "demote")])
def test_two_owners_against_each_other(committed_world: World, first: str, second: str, _: int) -> None:
    alice, olga = _two_owners(committed_world)
    won, lost = split(race([lambda: AGAINST[first](alice, olga), lambda: AGAINST[second](olga, alice)]))
    assert (len(won), len(lost)) == (1, 1)
    assert isinstance(lost[0], Forbidden)  # no longer a member, or no longer an owner: not “last owner”, and no 500
    assert _owners(committed_world) == 1
    acts = [Action.MEMBER_REMOVED, Action.ROLE_CHANGED]
    assert AuditEvent.objects.filter(action__in=acts).count() == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_two_owners_leave_at_once(committed_world: World, _: int) -> None:
    alice, olga = _two_owners(committed_world)
    won, lost = split(race([lambda: members.leave(by=alice), lambda: members.leave(by=olga)]))
    assert len(won) == 1
    (problem,) = lost
    assert isinstance(problem, Conflict)
    assert problem.code == "last_owner"
    assert _owners(committed_world) == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_handing_over_against_leaving(committed_world: World, _: int) -> None:
    world = committed_world
    alice, bob = world.actor(world.alice), world.actor(world.bob)
    works = [lambda: teams.hand_over(by=alice, to=_place(bob)), lambda: members.leave(by=bob)]
    won, lost = split(race(works))  # type: ignore[arg-type]
    assert (len(won), len(lost)) == (1, 1)
    assert isinstance(lost[0], Problem)
    assert _owners(world) == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_one_invitation_accepted_by_many(committed_world: World, _: int) -> None:
    row, nina = _invited(committed_world)
    link = invitation_links.token(row)
    won, lost = split(race([lambda: invitations.accept(token=link, user=nina)] * 8))
    assert len(won) == 1
    assert {getattr(error, "code", repr(error)) for error in lost} == {"invitation_accepted"}
    assert Membership.objects.filter(team=committed_world.team, user=nina).count() == 1
    assert AuditEvent.objects.filter(action=Action.MEMBER_JOINED).count() == 1


def _invited(world: World, role: str = Role.MEMBER, by: User | None = None) -> tuple[Invitation, User]:
    return invitations.invite(by=world.actor(by or world.alice), email=NEW, role=role), person("nina")


@pytest.mark.parametrize("_", ROUNDS)
def test_accepting_against_withdrawing(committed_world: World, _: int) -> None:
    world = committed_world
    row, nina = _invited(world)
    link = invitation_links.token(row)
    works = [
        lambda: invitations.accept(token=link, user=nina),
        lambda: invitations.withdraw(by=world.actor(world.alice), invitation=row),
    ]
    won, lost = split(race(works))  # type: ignore[arg-type]
    assert (len(won), [type(error) for error in lost]) == (1, [Gone])
    row.refresh_from_db()
    joined = Membership.current.filter(team=world.team, user=nina).exists()
    assert row.status == ("accepted" if joined else "withdrawn")


@pytest.mark.parametrize("_", ROUNDS)
def test_accepting_against_sending_again(committed_world: World, _: int) -> None:
    """Either the link was used first, and nothing is sent, or the new link is the only one."""
    world = committed_world
    row, nina = _invited(world)
    Invitation.objects.filter(pk=row.pk).update(sent_at=row.sent_at - invitations.SEND_AGAIN_AFTER)
    old = invitation_links.token(row)
    works = [
        lambda: invitations.accept(token=old, user=nina),
        lambda: invitations.resend(by=world.actor(world.alice), invitation=row),
    ]
    won, lost = split(race(works))  # type: ignore[arg-type]
    assert (len(won), [type(error) for error in lost]) == (1, [Gone])
    row.refresh_from_db()
    joined = Membership.current.filter(team=world.team, user=nina).exists()
    assert (row.status, row.version) == (("accepted", 1) if joined else ("open", 2))


@pytest.mark.parametrize("_", ROUNDS)
def test_one_address_invited_by_many(committed_world: World, _: int) -> None:
    world = committed_world
    works = [lambda: invitations.invite(by=world.actor(world.alice), email=NEW, role=Role.MEMBER)] * 6
    won, lost = split(race(works))
    assert len(won) == 1
    assert {error.errors[0].code for error in lost if isinstance(error, Problem)} == {"already_invited"}
    assert Invitation.objects.count() == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_a_role_is_lowered_while_that_admin_invites(committed_world: World, _: int) -> None:
    """Whichever was first: afterwards no invitation stands that this person could not send."""
    world = committed_world
    dave = person("dave")
    Membership.objects.create(team=world.team, user=dave, role=Role.ADMIN)
    admin, place = world.actor(dave), _place(world.actor(dave))
    works = [
        lambda: invitations.invite(by=admin, email=NEW, role=Role.ADMIN),
        lambda: members.change_role(by=world.actor(world.alice), membership=place, role=Role.MEMBER),
    ]
    _won, lost = split(race(works))  # type: ignore[arg-type]
    assert all(isinstance(error, Forbidden) for error in lost)
    assert not Invitation.objects.filter(status="open").exists()
    assert Membership.objects.get(pk=place.pk).role == Role.MEMBER


@pytest.mark.parametrize("_", ROUNDS)
def test_an_admin_is_removed_while_removing(committed_world: World, _: int) -> None:
    world = committed_world
    dave = person("dave")
    Membership.objects.create(team=world.team, user=dave, role=Role.ADMIN)
    admin, bob = world.actor(dave), _place(world.actor(world.bob))
    works = [
        lambda: members.remove(by=admin, membership=bob),
        lambda: members.remove(by=world.actor(world.alice), membership=_place(admin)),
        lambda: members.remove(by=world.actor(world.alice), membership=bob),
    ]
    _won, lost = split(race(works))
    assert all(isinstance(error, Forbidden | NotFound) for error in lost)
    assert set(Membership.current.filter(team=world.team).values_list("user", flat=True)) == {
        world.alice.pk,
        world.carol.pk,
    }
    assert AuditEvent.objects.filter(action=Action.MEMBER_REMOVED).count() == 2


@pytest.mark.parametrize("_", ROUNDS)
def test_closing_against_accepting_a_generation(committed_world: World, _: int) -> None:
    """Each hold was open before the team began to close, or was refused; none is ever open in a closed team."""
    world = committed_world
    bob = world.actor(world.bob)
    makers: list[Callable[[], object]] = [lambda: accept(bob, *FLUX) for _ in range(5)]
    closing: list[Callable[[], object]] = [
        lambda: teams.close(by=world.actor(world.alice), typed_name="Studio"),
        closures.finish,
    ]
    made, refused = split(race([*makers[:3], *closing, *makers[3:]]))
    assert {getattr(error, "code", repr(error)) for error in refused} <= {"team_closing", "team_closed"} | {
        "not_a_member"  # it was closed already when this one was asked who they are
    }
    open_holds = Hold.objects.filter(team=world.team, state="open")
    assert open_holds.count() == sum(isinstance(result, Generation) for result in made)
    team = Team.objects.get(pk=world.team.pk)
    assert team.status == ("closed" if team.closed_at else "closing")
    assert not (team.status == "closed" and open_holds.exists())
    for row in Generation.objects.filter(team=world.team):
        outcomes.cancel(generation_id=row.pk, actor="test")
    sweeps.sweep()
    team.refresh_from_db()
    assert team.status == "closed"
    assert reconcile.failures(ALL_CHECKS) == []


@pytest.mark.parametrize("_", ROUNDS)
def test_many_sweeps_close_a_team_once(committed_world: World, _: int) -> None:
    teams.close(by=committed_world.actor(committed_world.alice), typed_name="Studio")
    done, lost = split(race([closures.finish] * 4))
    assert (sum(done), lost) == (1, [])
    assert AuditEvent.objects.filter(action=Action.TEAM_CLOSED).count() == 1


@pytest.mark.parametrize("_", ROUNDS)
def test_removed_while_accepting_a_generation(committed_world: World, _: int) -> None:
    world = committed_world
    bob = world.actor(world.bob)
    works: list[Callable[[], object]] = [lambda: accept(bob, *FLUX)] * 4
    remove = lambda: members.remove(by=world.actor(world.alice), membership=_place(bob))  # noqa: E731
    made, refused = split(race([*works[:2], remove, *works[2:]]))
    assert {getattr(error, "code", repr(error)) for error in refused} <= {"not_a_member"}
    assert Generation.objects.count() == len(made) - 1
    assert reconcile.failures(ALL_CHECKS) == []


@pytest.mark.parametrize("_", ROUNDS)
def test_the_first_team_of_a_person_is_made_once(committed_world: World, _: int) -> None:
    user = person("lou")
    won, lost = split(race([lambda: teams.ensure_own_team(user)] * 6))
    assert (len({team.pk for team in won}), lost) == (1, [])
    assert Membership.objects.filter(user=user).count() == 1
