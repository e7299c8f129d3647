"""The people who manage a team: who mail about its budgets goes to."""

from __future__ import annotations

from accounts.models import Role, Team, User


def of(team: Team) -> list[User]:
    """The owners and admins of a team now, in the order in which they joined."""
    roles = [Role.OWNER, Role.ADMIN]
    return list(
        User.objects.filter(
            memberships__team=team, memberships__ended_at=None, memberships__role__in=roles, is_active=True
        ).order_by("memberships__id")
    )
