"""Edges of a period: a midnight is counted once, what is held from before is known, who lost the right gets nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Action, AuditEvent, Membership
from billing import queries, statement_export, statements
from project.errors import Forbidden
from project.paging import Window
from tests.billing.statements.past import Life, put, transfers_of
from tests.world import FIRST_CREDIT, World

MIDNIGHT = datetime(2026, 6, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_what_moved_at_midnight_is_counted_once(world: World) -> None:
    put([(pk, MIDNIGHT) for pk in transfers_of(world.team)])
    around = (MIDNIGHT - 40 * HOUR, MIDNIGHT - HOUR, MIDNIGHT, MIDNIGHT + HOUR, MIDNIGHT + 40 * HOUR)
    for start in around:
        for end in (edge for edge in around if edge >= start):
            found = statements.of_period(world.team, start, end)
            assert found.granted == (FIRST_CREDIT if start <= MIDNIGHT < end else 0)


def test_what_is_held_from_before_stands_beside_every_line(world: World) -> None:
    life = Life(world.team)
    life.hold(1_000_000)
    life.grant(5)
    put([(pk, MIDNIGHT + n * 24 * HOUR) for n, pk in enumerate(transfers_of(world.team))])
    found = statements.of_period(world.team, MIDNIGHT + 48 * HOUR, MIDNIGHT + 72 * HOUR)
    (line,) = queries.statement(world.team, Window(10), within=found.within).rows
    assert (line.held.after, line.left) == (1_000_000, found.closing.balance)


def test_who_may_no_longer_see_the_money_takes_nothing_away(world: World) -> None:
    actor = world.actor(world.alice)
    Membership.objects.filter(user=world.bob).update(role="owner")
    Membership.objects.filter(user=world.alice).update(role="viewer")
    with pytest.raises(Forbidden):
        statement_export.as_csv(actor=actor, start=MIDNIGHT, end=MIDNIGHT + HOUR)
    assert not AuditEvent.objects.filter(action=Action.STATEMENT_EXPORTED).exists()
