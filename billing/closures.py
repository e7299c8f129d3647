"""The end of a closing team: closed as soon as no hold of it is open. Its balance and books stay on record."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from accounts import audit
from accounts.models import Action, Team, TeamStatus
from billing import recharges
from billing.models import Hold, HoldState
from project import db

ROUND = 100  # teams that one call closes


def finish() -> int:
    """Closes the closing teams that have nothing under way. Returns how many. Idempotent and safe beside itself.

    A closing team opens no new hold (trigger `hold_of_active_team`), so what has none now never will; a hold that
    was being opened when the team began to close had to commit first, and is seen here."""
    done = 0
    for pk in _ready().order_by("id").values_list("pk", flat=True)[:ROUND]:
        done += db.in_transaction(lambda pk=pk: _close(pk))  # type: ignore[misc]
    return done


def _ready() -> QuerySet[Team]:
    open_holds = Hold.objects.filter(team=OuterRef("pk"), state=HoldState.OPEN)
    return Team.objects.filter(~Exists(open_holds), status=TeamStatus.CLOSING)


def _close(pk: int) -> int:
    """One team. Whoever changes it just now goes first; the next sweep comes in a minute."""
    team = Team.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=pk).first()
    if team is None or not _ready().filter(pk=pk).update(status=TeamStatus.CLOSED, closed_at=Now()):
        return 0
    recharges.end(team=team)
    audit.record(Action.TEAM_CLOSED, by=audit.SYSTEM, team=team, target=team.public_id, target_name=team.name)
    return 1
