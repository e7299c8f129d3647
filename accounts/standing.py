"""A team's standing with the house: staff suspend a team and reinstate it. A suspended team keeps its money, its keys
and its history; what would start something new refuses it."""

from __future__ import annotations

from accounts import audit
from accounts.models import Action, Team, TeamStatus, User
from project.errors import Conflict, Forbidden

PERMISSION = "accounts.change_team"


def suspend(*, team: Team, by: User) -> Team:
    """active -> suspended; of a team that is suspended already, nothing. The caller holds the transaction.

    Raises Conflict for a team that is being closed or is closed, Forbidden when `by` is not staff with the permission
    to change teams (any more)."""
    return _turn(team, by, was=TeamStatus.ACTIVE, to=TeamStatus.SUSPENDED, action=Action.TEAM_SUSPENDED)


def reinstate(*, team: Team, by: User) -> Team:
    """suspended -> active; of a team that is active already, nothing. Raises as suspend does."""
    return _turn(team, by, was=TeamStatus.SUSPENDED, to=TeamStatus.ACTIVE, action=Action.TEAM_REINSTATED)


def _turn(team: Team, by: User, *, was: TeamStatus, to: TeamStatus, action: Action) -> Team:
    row = Team.objects.select_for_update(no_key=True).get(pk=team.pk)
    staff = User.objects.filter(pk=by.pk, is_active=True, is_staff=True).first()
    if staff is None or not staff.has_perm(PERMISSION):
        raise Forbidden("Only staff who may change teams can do this.")
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
        data={"before": str(was), "after": str(to)},
    )
    return row
