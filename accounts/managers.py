"""The people who manage a team, and those who look after its money: who mail about either goes to."""

from __future__ import annotations

from accounts.models import Role, Team, User


def of(team: Team) -> list[User]:
    """The owners and admins of a team now, in the order in which they joined."""
    return _with(team, Role.OWNER, Role.ADMIN)


def of_money(team: Team) -> list[User]:
    """Who looks after a team's money: its owners and billing people now, in the order in which they joined."""
    return _with(team, Role.OWNER, Role.BILLING)


def _with(team: Team, *roles: Role) -> list[User]:
    return list(
        User.objects.filter(
            memberships__team=team, memberships__ended_at=None, memberships__role__in=roles, is_active=True
        ).order_by("memberships__id")
    )
