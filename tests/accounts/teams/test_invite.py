"""Inviting, sending again, withdrawing: who may, to which role, how often, and what is in the mail."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db.models.functions import Now

from accounts import invitation_links, invitations, members, teams
from accounts.models import Action, AuditEvent, Invitation, Role, Team, User
from generations import sweeps
from project.errors import Forbidden, Gone, Invalid, NotFound, Problem, RateLimited
from tests.accounts.teams.conftest import join, link_to, place
from tests.world import World

NEW = "nina@example.com"


def _invite(world: World, email: str = NEW, role: str = Role.MEMBER, by: User | None = None) -> Invitation:
    return invitations.invite(by=world.actor(by or world.alice), email=email, role=role)


def _wait(row: Invitation) -> None:
    Invitation.objects.filter(pk=row.pk).update(sent_at=Now() - invitations.SEND_AGAIN_AFTER)


def _week_over(row: Invitation) -> None:
    Invitation.objects.filter(pk=row.pk).update(expires_at=Now())


def _field(problem: Problem) -> tuple[str, str]:
    (error,) = problem.errors
    return error.path, error.code


def test_inviting_writes_a_row_an_event_and_a_mail(world: World) -> None:
    row = _invite(world, "  Nina@Example.com ")
    assert (row.email, row.status, row.version) == (NEW, "open", 1)
    assert row.expires_at - row.sent_at == invitations.LIFETIME == timedelta(days=7)
    event = AuditEvent.objects.get(action=Action.INVITED)
    assert (event.target, event.target_name, event.data) == (row.public_id, NEW, {"role": "member"})
    (message,) = mail.outbox
    link = f"/invitations/{invitation_links.token(row)}"
    html = str(message.alternatives[0][0])  # type: ignore[attr-defined]
    for text in (str(message.body), html):
        for needed in (link, "Studio", "member", NEW, world.alice.email):
            assert needed in text
    assert invitation_links.token(row) not in str(event.data)


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("by", Role.values)
def test_who_may_invite_to_what(world: World, by: str, role: str) -> None:
    inviter = join(world, "zoe", by)
    may = {
        Role.OWNER: {Role.ADMIN, Role.BILLING, Role.MEMBER, Role.VIEWER},
        Role.ADMIN: {Role.ADMIN, Role.MEMBER, Role.VIEWER},
    }
    if role in may.get(Role(by), set()):
        assert _invite(world, role=role, by=inviter).role == role
    else:
        with pytest.raises((Invalid, Forbidden)):
            _invite(world, role=role, by=inviter)
        assert not Invitation.objects.exists()


@pytest.mark.parametrize(
    "email", ["", "nina", "nina@", "a@b@c.com", "nina@example.com\nBcc: x@y.z", "x" * 250 + "@e.com"]
)
def test_addresses_that_are_none(world: World, email: str) -> None:
    with pytest.raises(Invalid) as caught:
        _invite(world, email)
    assert _field(caught.value)[0] == "email"
    assert mail.outbox == []


def test_a_member_is_not_invited(world: World) -> None:
    EmailAddress.objects.create(user=world.carol, email="carol@home.example", verified=True)
    EmailAddress.objects.create(user=world.carol, email="wish@example.com", verified=False)
    for email in ("BOB@example.com", "carol@home.example"):
        with pytest.raises(Invalid) as caught:
            _invite(world, email)
        assert _field(caught.value) == ("email", "already_a_member")
    assert _invite(world, "wish@example.com").status == "open"  # anybody can claim an address; hers it is not
    members.remove(by=world.actor(world.alice), membership=place(world, world.bob))
    assert _invite(world, world.bob.email).status == "open"


def test_one_open_invitation_for_an_address(world: World) -> None:
    first = _invite(world)
    with pytest.raises(Invalid) as caught:
        _invite(world, "NINA@example.com", Role.VIEWER)
    assert _field(caught.value) == ("email", "already_invited")
    _week_over(first)
    second = _invite(world)
    first.refresh_from_db()
    assert (first.status, first.ended_at, second.status) == ("expired", first.expires_at, "open")


def test_sending_again_ends_the_link_before(world: World) -> None:
    row = _invite(world)
    old = invitation_links.token(row)
    with pytest.raises(RateLimited) as limited:
        invitations.resend(by=world.actor(world.alice), invitation=row)
    assert 100 <= int(limited.value.headers["Retry-After"]) <= 120
    _wait(row)
    before = Invitation.objects.get(pk=row.pk)
    again = invitations.resend(by=world.actor(world.alice), invitation=row)
    assert (again.version, again.expires_at > before.expires_at) == (2, True)
    with pytest.raises(Gone) as caught:
        invitation_links.find(old)
    assert caught.value.code == "invitation_resent"
    assert invitation_links.find(link_to(NEW).removeprefix("/invitations/")).pk == row.pk
    assert AuditEvent.objects.filter(action=Action.INVITED_AGAIN).count() == 1


def test_withdrawing_ends_it_for_good(world: World) -> None:
    row = _invite(world)
    for _ in range(2):  # a double click changes nothing
        assert invitations.withdraw(by=world.actor(world.alice), invitation=row).status == "withdrawn"
    assert AuditEvent.objects.filter(action=Action.INVITATION_WITHDRAWN).count() == 1
    with pytest.raises(Gone):
        invitation_links.find(invitation_links.token(row))
    with pytest.raises(Gone):
        invitations.resend(by=world.actor(world.alice), invitation=row)


def test_an_admin_leaves_alone_what_only_an_owner_may_offer(world: World, dave: User) -> None:
    row = _invite(world, role=Role.BILLING)
    _wait(row)
    for act in (invitations.resend, invitations.withdraw):
        with pytest.raises(Forbidden):
            act(by=world.actor(dave), invitation=row)


def test_invitations_of_another_team_are_not_there(world: World) -> None:
    row = _invite(world)
    _wait(row)
    other = world.other_team.memberships.select_related("user", "team").get()
    actor = type(world.actor())(
        team=world.other_team, permissions=world.actor(world.alice).permissions, membership=other
    )
    for act in (invitations.resend, invitations.withdraw):
        with pytest.raises(NotFound):
            act(by=actor, invitation=row)
    row.refresh_from_db()
    assert (row.status, row.version) == ("open", 1)


def test_the_number_of_open_ones_and_of_mails_is_limited(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (invitations.OPEN_OF_A_TEAM, invitations.SENT_IN_A_DAY) == (50, 100)
    monkeypatch.setattr(invitations, "OPEN_OF_A_TEAM", 2)
    monkeypatch.setattr(invitations, "SENT_IN_A_DAY", 3)
    first = _invite(world, "n1@example.com")
    second = _invite(world, "n2@example.com")
    with pytest.raises(RateLimited) as caught:
        _invite(world, "n3@example.com")
    assert caught.value.code == "too_many_invitations"
    invitations.withdraw(by=world.actor(world.alice), invitation=second)
    _invite(world, "n3@example.com")
    _wait(first)
    with pytest.raises(RateLimited) as caught:
        invitations.resend(by=world.actor(world.alice), invitation=first)
    assert caught.value.code == "too_many_mails"
    assert len(mail.outbox) == 3


def test_the_sweep_ends_what_is_overdue(world: World) -> None:
    row, other = _invite(world), _invite(world, "n2@example.com")
    _week_over(row)
    with pytest.raises(Gone) as caught:
        invitation_links.find(invitation_links.token(row))
    assert caught.value.code == "invitation_expired"
    assert sweeps.sweep()["invitations"] == 1
    assert sweeps.sweep()["invitations"] == 0
    row.refresh_from_db()
    other.refresh_from_db()
    assert (row.status, row.ended_at, other.status) == ("expired", row.expires_at, "open")


@pytest.mark.parametrize("status", ["suspended", "closing"])
def test_a_team_that_is_not_active_invites_nobody(world: World, status: str) -> None:
    row = _invite(world)
    _wait(row)
    Team.objects.filter(pk=world.team.pk).update(status=status)
    with pytest.raises(Forbidden):
        _invite(world, "n2@example.com")
    with pytest.raises(Forbidden):
        invitations.resend(by=world.actor(world.alice), invitation=row)
    with pytest.raises(Gone):
        invitation_links.find(invitation_links.token(row))
    assert invitations.withdraw(by=world.actor(world.alice), invitation=row).status == "withdrawn"


def test_who_is_removed_takes_their_invitations_along(world: World, dave: User) -> None:
    by_dave, by_alice = _invite(world, by=dave), _invite(world, "n2@example.com")
    members.remove(by=world.actor(world.alice), membership=place(world, dave))
    by_dave.refresh_from_db()
    by_alice.refresh_from_db()
    assert (by_dave.status, by_alice.status) == ("withdrawn", "open")


def test_who_loses_a_role_takes_along_what_it_let_them_offer(world: World) -> None:
    olga = join(world, "olga", Role.OWNER)
    billing, viewer = _invite(world, role=Role.BILLING, by=olga), _invite(world, "n2@example.com", Role.VIEWER, olga)
    members.change_role(by=world.actor(world.alice), membership=place(world, olga), role=Role.ADMIN)
    billing.refresh_from_db()
    viewer.refresh_from_db()
    assert (billing.status, viewer.status) == ("withdrawn", "open")
    members.change_role(by=world.actor(world.alice), membership=place(world, olga), role=Role.MEMBER)
    viewer.refresh_from_db()
    assert viewer.status == "withdrawn"


def test_who_leaves_or_hands_over_takes_along_what_they_may_no_longer_offer(world: World, dave: User) -> None:
    """Nobody comes back by an invitation of their own."""
    by_dave, billing = _invite(world, by=dave), _invite(world, "n2@example.com", Role.BILLING)
    viewer = _invite(world, "n3@example.com", Role.VIEWER)
    members.leave(by=world.actor(dave))
    teams.hand_over(by=world.actor(world.alice), to=place(world, world.bob))
    for row, status in ((by_dave, "withdrawn"), (billing, "withdrawn"), (viewer, "open")):
        row.refresh_from_db()
        assert row.status == status
    assert AuditEvent.objects.filter(action=Action.INVITATION_WITHDRAWN).count() == 2
