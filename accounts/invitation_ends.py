"""How an open invitation ends, and which ones end with a change of the team: the caller holds the team's row."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts import audit, roles
from accounts.actors import Actor
from accounts.models import Action, Invitation, InvitationStatus, Membership, Role, Team
from project import db


def roles_to_offer(permissions: frozenset[str]) -> list[str]:
    """The roles that somebody with these permissions may invite to: what they may give, never `owner`."""
    if roles.MANAGE not in permissions:
        return []
    return [role for role in roles.grantable_roles(permissions) if role != Role.OWNER]


def end(row: Invitation, status: InvitationStatus) -> None:
    """Ends it, for good (the caller holds its row)."""
    row.status, row.ended_at = status, db.now()
    row.save(update_fields=["status", "ended_at", "accepted_by"])


def record(action: Action, actor: Actor, row: Invitation) -> None:
    """Into the log, in the same transaction."""
    audit.record(action, by=actor, team=row.team, target=row.public_id, target_name=row.email, data={"role": row.role})


def withdraw_all(*, team: Team, by: Actor) -> int:
    """Withdraws every open invitation of a team. Returns how many."""
    return _withdraw(_open_of(team.pk), by)


def withdraw_ungrantable(*, of: Membership, permissions: frozenset[str], by: Actor) -> int:
    """Withdraws what a member has sent and may, with these permissions, no longer send: or whoever goes could come
    back by an invitation of their own. Returns how many."""
    sent = _open_of(of.team_id).filter(invited_by=of)
    return _withdraw(sent.exclude(role__in=roles_to_offer(permissions)), by)


def _open_of(team_id: int) -> QuerySet[Invitation]:
    return Invitation.objects.filter(team=team_id, status=InvitationStatus.OPEN)


def _withdraw(rows: QuerySet[Invitation], by: Actor) -> int:
    found = list(rows.select_related("team").order_by("id"))
    for row in found:
        end(row, InvitationStatus.WITHDRAWN)
        record(Action.INVITATION_WITHDRAWN, by, row)
    return len(found)
