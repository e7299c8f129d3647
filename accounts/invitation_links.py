"""The links in invitations: what they carry, and whether they can still be used.

A link is a signature over the row's uuid and version under a salt of its own, so the table holds nothing that could
be used. Sending again raises the version, which ends the link before.
"""

from __future__ import annotations

from uuid import UUID

from allauth.account.models import EmailAddress
from django.core.signing import BadSignature, Signer

from accounts import teams
from accounts.models import Invitation, InvitationStatus, User
from project import db
from project.errors import Forbidden, Gone, NotFound

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


def find(text: str) -> Invitation:
    """The open invitation behind a link's token. Raises NotFound for what we did not sign, Gone when it has ended, a
    newer link was sent, or the team takes nobody. Writes nothing."""
    uuid, version = read(text)
    rows = Invitation.objects.select_related("team", "invited_by__user")
    invitation = rows.filter(uuid=uuid).first()
    return check_usable(invitation, version)


def read(text: str) -> tuple[UUID, int]:
    """The uuid and the version that a link carries. Raises NotFound for what we did not sign."""
    try:
        uuid, _, version = _signer().unsign(text).partition(".")
    except BadSignature as error:
        raise NotFound("This link is not one of ours. Look whether it was copied whole.") from error
    return UUID(hex=uuid), int(version)


def check_usable(invitation: Invitation | None, version: int) -> Invitation:
    """The invitation again. Raises NotFound, Gone as `find`."""
    if invitation is None:
        raise NotFound("This invitation does not exist.")
    check_open(invitation)
    if invitation.version != version:
        raise Gone("A newer link was sent after this one. Open the newest mail.", code="invitation_resent")
    try:
        teams.require_active(invitation.team)
    except Forbidden as problem:
        raise Gone("This team takes no new members now.", code=problem.code) from problem
    return invitation


def check_open(row: Invitation) -> None:
    """Raises Gone (`invitation_accepted`, `_expired`, `_withdrawn`) unless it can still be accepted."""
    status = InvitationStatus(row.status)
    if status == InvitationStatus.OPEN and row.expires_at <= db.now():
        status = InvitationStatus.EXPIRED  # the sweep has not come by yet
    if status != InvitationStatus.OPEN:
        raise Gone(_ENDED[status], code=f"invitation_{status}")


def belongs_to(invitation: Invitation, user: User) -> bool:
    """Whether this person has confirmed the address that was invited."""
    active = User.objects.filter(pk=user.pk, is_active=True).exists()
    addresses = EmailAddress.objects.filter(user=user, verified=True, email__iexact=invitation.email)
    return active and addresses.exists()
