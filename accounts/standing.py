"""A team's standing with the house: staff suspend a team and reinstate it. A suspended team keeps its money, its keys
and its history; what would start something new refuses it."""

from __future__ import annotations

from accounts import audit, duties
from accounts.models import Action, Team, TeamStatus, User
from project.errors import Conflict

ACT = "suspend_teams"


def suspend(*, team: Team, by: User, reason: str = "") -> Team:
    """active -> suspended; of a team that is suspended already, nothing. The caller holds the transaction.

    `reason` is kept in the team's log. Raises Conflict for a team that is being closed or is closed, Forbidden when it
    is not among the duties of `by` (any more)."""
    return _turn(team, by, reason, was=TeamStatus.ACTIVE, to=TeamStatus.SUSPENDED, action=Action.TEAM_SUSPENDED)


def reinstate(*, team: Team, by: User, reason: str = "") -> Team:
    """suspended -> active; of a team that is active already, nothing. Raises as suspend does."""
    return _turn(team, by, reason, was=TeamStatus.SUSPENDED, to=TeamStatus.ACTIVE, action=Action.TEAM_REINSTATED)


def _turn(team: Team, by: User, reason: str, *, was: TeamStatus, to: TeamStatus, action: Action) -> Team:
    row = Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    staff = duties.require(audit.Staff(by), ACT)
    if row.status == to:
        return row
    if row.status != was:
        raise Conflict(f"{row.name} is {row.status}: only a team that is {was} can become {to}.", code="wrong_status")
    row.status = to
    row.save(update_fields=["status"])
    audit.record(
        action,
        by=audit.Staff(staff),
        team=row,
        target=row.public_id,
        target_name=row.name,
        data={"before": str(was), "after": str(to), **({"reason": reason} if reason else {})},
    )
    return row
