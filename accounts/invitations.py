"""Invitations: a place in a team, offered to one address (invite, resend, withdraw, accept).

The link is a signature over the row's uuid and version under a salt of its own, so the table holds nothing that could
be used. It is bound to the address (only who has confirmed it can accept), single use, and dies after a week.

Whether the one who invited may still give that role is not asked at acceptance: the invitation is the team's, and
whoever loses a role or is removed takes along, at that moment, every open invitation that they could no longer send
(withdraw_ungrantable). So an open invitation of an active team is always one that the team stands by.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, Signer
from django.core.validators import validate_email
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from accounts import audit, roles, teams
from accounts.actors import Actor
from accounts.authority import still
from accounts.models import Action, AuditEvent, Invitation, InvitationStatus, Membership, Role, Team, User
from accounts.notify import mail
from project import db
from project.errors import FieldError, Forbidden, Gone, Invalid, NotFound, RateLimited

LIFETIME = timedelta(days=7)
OPEN_OF_A_TEAM = 50
SENT_IN_A_DAY = 100  # mails of one team, sent again counted too: nobody may make us a sender of spam
SEND_AGAIN_AFTER = timedelta(minutes=2)
SALT = "accounts.invitation"
_ENDED = {
    InvitationStatus.ACCEPTED: "This invitation was accepted already.",
    InvitationStatus.EXPIRED: "This invitation has expired. Ask for a new one.",
    InvitationStatus.WITHDRAWN: "This invitation was withdrawn.",
}


def token(invitation: Invitation) -> str:
    """What the link carries: uuid, version, and our signature over both."""
    return _signer().sign(f"{invitation.uuid.hex}.{invitation.version}")


def _signer() -> Signer:
    return Signer(salt=SALT, sep=".")


def roles_to_offer(permissions: frozenset[str]) -> list[str]:
    """The roles that somebody with these permissions may invite to: what they may give, never `owner`."""
    return [role for role in roles.grantable_roles(permissions) if role != Role.OWNER]


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
    _record(Action.INVITED, actor, invitation)
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
    _check_open(row)
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
    _record(Action.INVITED_AGAIN, actor, row)
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
    _check_open(row)
    _end(row, InvitationStatus.WITHDRAWN)
    _record(Action.INVITATION_WITHDRAWN, actor, row)
    return row


def withdraw_ungrantable(*, of: Membership, permissions: frozenset[str], by: Actor) -> None:
    """Withdraws what a member has sent and may, with these permissions, no longer send. The caller holds the team."""
    offered = roles_to_offer(permissions) if roles.MANAGE in permissions else []
    sent = Invitation.objects.filter(team_id=of.team_id, invited_by=of, status=InvitationStatus.OPEN)
    for row in sent.exclude(role__in=offered).select_related("team"):
        _end(row, InvitationStatus.WITHDRAWN)
        _record(Action.INVITATION_WITHDRAWN, by, row)


def find(text: str) -> Invitation:
    """The open invitation behind a link's token. Raises NotFound for what we did not sign, Gone when it has ended, a
    newer link was sent, or the team takes nobody. Writes nothing."""
    uuid, version = _read(text)
    rows = Invitation.objects.select_related("team", "invited_by__user")
    invitation = rows.filter(uuid=uuid).first()
    return _check_usable(invitation, version)


def _read(text: str) -> tuple[UUID, int]:
    try:
        uuid, _, version = _signer().unsign(text).partition(".")
    except BadSignature as error:
        raise NotFound("This link is not one of ours. Look whether it was copied whole.") from error
    return UUID(hex=uuid), int(version)


def _check_usable(invitation: Invitation | None, version: int) -> Invitation:
    if invitation is None:
        raise NotFound("This invitation does not exist.")
    _check_open(invitation)
    if invitation.version != version:
        raise Gone("A newer link was sent after this one. Open the newest mail.", code="invitation_resent")
    try:
        teams.require_active(invitation.team)
    except Forbidden as problem:
        raise Gone("This team takes no new members now.", code=problem.code) from problem
    return invitation


def accept(*, token: str, user: User) -> Membership:
    """Gives the person the place that the invitation offers; one who has left comes back to the same membership.
    Somebody who belongs to the team already keeps their role.

    Raises NotFound and Gone as `find`, Forbidden (`other_address`) unless the address is confirmed as theirs."""
    uuid, version = _read(token)
    return db.in_transaction(lambda: _accept(uuid, version, user))


def _accept(uuid: UUID, version: int, user: User) -> Membership:
    found = Invitation.objects.select_related("team").filter(uuid=uuid).first()
    if found is None:
        raise NotFound("This invitation does not exist.")
    teams.lock(found.team)
    invitation = _check_usable(_locked(found.pk), version)
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
    _end(invitation, InvitationStatus.ACCEPTED)
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


def belongs_to(invitation: Invitation, user: User) -> bool:
    """Whether this person has confirmed the address that was invited."""
    active = User.objects.filter(pk=user.pk, is_active=True).exists()
    addresses = EmailAddress.objects.filter(user=user, verified=True, email__iexact=invitation.email)
    return active and addresses.exists()


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


def _check_open(row: Invitation) -> None:
    status = InvitationStatus(row.status)
    if status == InvitationStatus.OPEN and row.expires_at <= db.now():
        status = InvitationStatus.EXPIRED  # the sweep has not come by yet
    if status != InvitationStatus.OPEN:
        raise Gone(_ENDED[status], code=f"invitation_{status}")


def _check_mails(team: Team) -> None:
    """The audit log is the count: an event stands for each mail, in the same transaction."""
    kinds = [Action.INVITED, Action.INVITED_AGAIN]
    events = AuditEvent.objects.filter(team=team, action__in=kinds, created_at__gt=Now() - timedelta(days=1))
    if events.count() >= SENT_IN_A_DAY:
        raise RateLimited(
            f"{SENT_IN_A_DAY} invitations were sent in the last 24 hours. Try again tomorrow.",
            code="too_many_mails",
        )


def _end(row: Invitation, status: InvitationStatus) -> None:
    row.status, row.ended_at = status, db.now()
    row.save(update_fields=["status", "ended_at", "accepted_by"])


def _record(action: Action, actor: Actor, row: Invitation) -> None:
    data: dict[str, Any] = {"role": row.role}
    audit.record(action, by=actor, team=row.team, target=row.public_id, target_name=row.email, data=data)


def _send(row: Invitation, actor: Actor) -> None:
    context = {
        "invitation": row,
        "team": row.team,
        "by": actor.user,
        "link": f"{settings.SITE_URL}/invitations/{token(row)}",
    }
    mail(to=row.email, template="invitation", context=context)
