"""Invitations: a place in a team, offered to one address (invite, resend, withdraw, accept).

The link (invitation_links) is bound to the address (only who has confirmed it can accept), single use, and dies after
a week.

Whether the one who invited may still give that role is not asked at acceptance: the invitation is the team's, and
whoever goes or loses a role takes along, at that moment, every open invitation that they could no longer send
(invitation_ends). So an open invitation of an active team is always one that the team stands by.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from accounts import audit, invitation_links, roles, teams
from accounts.actors import Actor
from accounts.authority import still
from accounts.invitation_ends import end, record, roles_to_offer
from accounts.invitation_links import belongs_to, check_open, check_usable, read
from accounts.invitation_links import find as find
from accounts.invitation_links import token as token
from accounts.models import Action, AuditEvent, Invitation, InvitationStatus, Membership, Team, User
from accounts.notify import mail
from project import db
from project.errors import FieldError, Forbidden, Invalid, NotFound, RateLimited

LIFETIME = timedelta(days=7)
OPEN_OF_A_TEAM = 50
SENT_IN_A_DAY = 100  # mails of one team, sent again counted too: nobody may make us a sender of spam
SEND_AGAIN_AFTER = timedelta(minutes=2)


def invite(*, by: Actor, email: str, role: str) -> Invitation:
    """Offers a place in the actor's team to an address, by mail.

    Raises Invalid (fields `email`, `role`; code `already_invited` while one is open), RateLimited, Forbidden."""
    address = _address(email)
    return db.in_transaction(lambda: _invite(by, address, role))


def _address(email: str) -> str:
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise _wrong("email", "Enter a valid e-mail address.", "invalid") from error
    if len(address) > 254:
        raise _wrong("email", "An e-mail address has at most 254 characters.", "too_long")
    return address


def _wrong(field: str, message: str, code: str) -> Invalid:
    return Invalid(message, errors=[FieldError(field, message, code)])


def _invite(by: Actor, email: str, role: str) -> Invitation:
    team, actor = _managed(by)
    assert actor.membership is not None, "programs do not invite"
    if role not in roles_to_offer(actor.permissions):
        raise _wrong("role", "Your role may not give this one.", "not_grantable")
    if Membership.current.filter(_of_address(email), team=team).exists():
        raise _wrong("email", "This person belongs to the team already.", "already_a_member")
    still_open = Invitation.objects.filter(team=team, status=InvitationStatus.OPEN)
    _expire(still_open.filter(team=team))
    if still_open.filter(email__iexact=email).exists():
        message = "This address has an open invitation. You can send it again from the list."
        raise _wrong("email", message, "already_invited")
    if still_open.count() >= OPEN_OF_A_TEAM:
        raise RateLimited(f"{OPEN_OF_A_TEAM} invitations are open. Withdraw one first.", code="too_many_invitations")
    _check_mails(team)
    moment = db.now()
    invitation = Invitation.objects.create(
        team=team, email=email, role=role, invited_by=actor.membership, sent_at=moment, expires_at=moment + LIFETIME
    )
    record(Action.INVITED, actor, invitation)
    _send(invitation, actor)
    return invitation


def _of_address(email: str) -> Q:
    """Whoever signs in with this address, or has confirmed it as another of theirs."""
    return Q(user__email__iexact=email) | Q(
        user__in=EmailAddress.objects.filter(email__iexact=email, verified=True).values("user")
    )


def resend(*, by: Actor, invitation: Invitation) -> Invitation:
    """Sends it again with another week, and ends the link before. Raises Gone when it has ended, RateLimited within
    SEND_AGAIN_AFTER, Forbidden for a role that the actor may not give."""
    return db.in_transaction(lambda: _resend(by, invitation))


def _resend(by: Actor, invitation: Invitation) -> Invitation:
    team, actor = _managed(by)
    row = _locked(invitation.pk)
    _check_may_touch(actor, row)
    check_open(row)
    moment = db.now()
    wait = row.sent_at + SEND_AGAIN_AFTER - moment
    if wait > timedelta():
        seconds = int(wait.total_seconds()) + 1
        raise RateLimited(
            f"It was sent a moment ago. Wait {seconds} seconds.",
            code="sent_a_moment_ago",
            headers={"Retry-After": str(seconds)},
        )
    _check_mails(team)
    row.version, row.sent_at, row.expires_at = row.version + 1, moment, moment + LIFETIME
    row.save(update_fields=["version", "sent_at", "expires_at"])
    record(Action.INVITED_AGAIN, actor, row)
    _send(row, actor)
    return row


def withdraw(*, by: Actor, invitation: Invitation) -> Invitation:
    """Takes an open invitation back. Raises Gone when it has ended otherwise, Forbidden."""
    return db.in_transaction(lambda: _withdraw(by, invitation))


def _withdraw(by: Actor, invitation: Invitation) -> Invitation:
    teams.lock(by.team)
    actor = still(by, roles.MANAGE)
    row = _locked(invitation.pk)
    _check_may_touch(actor, row)
    if row.status == InvitationStatus.WITHDRAWN:
        return row
    check_open(row)
    end(row, InvitationStatus.WITHDRAWN)
    record(Action.INVITATION_WITHDRAWN, actor, row)
    return row


def accept(*, token: str, user: User) -> Membership:
    """Gives the person the place that the invitation offers; one who has left comes back to the same membership.
    Somebody who belongs to the team already keeps their role.

    Raises NotFound and Gone as `find`, Forbidden (`other_address`) unless the address is confirmed as theirs."""
    uuid, version = read(token)
    return db.in_transaction(lambda: _accept(uuid, version, user))


def _accept(uuid: UUID, version: int, user: User) -> Membership:
    found = Invitation.objects.select_related("team").filter(uuid=uuid).first()
    if found is None:
        raise NotFound("This invitation does not exist.")
    teams.lock(found.team)
    invitation = check_usable(_locked(found.pk), version)
    if not belongs_to(invitation, user):
        raise Forbidden("This invitation is for another address.", code="other_address")
    team = invitation.team
    membership = Membership.objects.filter(team=team, user=user).first()
    came = membership is None or membership.ended_at is not None
    if membership is None:
        membership = Membership.objects.create(team=team, user=user, role=invitation.role)
    elif membership.ended_at is not None:
        membership.role, membership.ended_at = invitation.role, None
        membership.save(update_fields=["role", "ended_at"])
    invitation.accepted_by = membership
    end(invitation, InvitationStatus.ACCEPTED)
    if came:
        data = {"role": membership.role, "invitation": invitation.public_id}
        who = Actor(team=team, permissions=roles.of_role(membership.role), membership=membership)
        audit.record(
            Action.MEMBER_JOINED,
            by=who,
            team=team,
            target=membership.public_id,
            target_name=user.email,
            data=data,
        )
    return membership


def expire_overdue() -> int:
    """Ends every open invitation whose week is over. Returns how many. Idempotent; the sweep calls it."""
    return _expire(Invitation.objects.filter(status=InvitationStatus.OPEN))


def _expire(rows: QuerySet[Invitation]) -> int:
    return rows.filter(expires_at__lte=Now()).update(status=InvitationStatus.EXPIRED, ended_at=F("expires_at"))


def _managed(by: Actor) -> tuple[Team, Actor]:
    """The actor's team, locked and active, and the actor, who manages it still."""
    team = teams.lock(by.team)
    actor = still(by, roles.MANAGE)
    teams.require_active(team)
    return team, actor


def _locked(pk: int) -> Invitation:
    rows = Invitation.objects.select_related("team", "invited_by__user")
    return rows.select_for_update(no_key=True, of=("self",)).get(pk=pk)


def _check_may_touch(actor: Actor, row: Invitation) -> None:
    if row.team_id != actor.team.pk:
        raise NotFound("There is no such invitation.")
    if row.role not in roles_to_offer(actor.permissions):
        raise Forbidden(f"Your role may not invite to the role “{row.role}”, nor take it back.", code="has_more")


def _check_mails(team: Team) -> None:
    """The audit log is the count: an event stands for each mail, in the same transaction."""
    kinds = [Action.INVITED, Action.INVITED_AGAIN]
    events = AuditEvent.objects.filter(team=team, action__in=kinds, created_at__gt=Now() - timedelta(days=1))
    if events.count() >= SENT_IN_A_DAY:
        raise RateLimited(
            f"{SENT_IN_A_DAY} invitations were sent in the last 24 hours. Try again tomorrow.",
            code="too_many_mails",
        )


def _send(row: Invitation, actor: Actor) -> None:
    context = {
        "invitation": row,
        "team": row.team,
        "by": actor.user,
        "link": f"{settings.SITE_URL}/invitations/{invitation_links.token(row)}",
    }
    mail(to=row.email, template="invitation", context=context)
