"""Whatever happens at whatever times: the statement of any period adds up, periods chain, and any moment's balance is
what the entries say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billing import queries, reconcile, statements
from billing.models import Entry
from billing.statements import Balance
from project import db
from project.paging import Window
from tests.billing.statements.past import Life, spread
from tests.world import World

ACTS = ("grant", "buy", "hold", "settle", "expire", "reverse", "freeze", "unfreeze", "lose", "restore")
IN = {"topup": "bought", "grant": "granted"}
OUT = {"capture": "charged", "expiry": "expired"}
GIVEN_BACK = ("unfreeze", "restore")

acts = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 3_000_000)), min_size=4, max_size=14)
gaps = st.lists(st.integers(1, 200_000_000_000).map(lambda us: timedelta(microseconds=us)), min_size=1, max_size=6)


@dataclass(frozen=True)
class Step:
    """One entry of the team's, as the database has it."""

    at: datetime
    account: str
    kind: str
    delta: int


def steps_of(world: World) -> list[Step]:
    rows = Entry.objects.filter(account__team=world.team).order_by("transfer_id", "id")
    return [Step(*row) for row in rows.values_list("created_at", "account__kind", "transfer__kind", "delta")]


def sums(steps: list[Step]) -> Balance:
    """The balance that these entries make."""
    return Balance(
        **{kind: sum(step.delta for step in steps if step.account == kind) for kind in ("available", "held", "frozen")}
    )


def parts(steps: list[Step]) -> dict[str, int]:
    """The parts of a statement, added up the slow way."""
    found = dict.fromkeys(statements.PARTS, 0)
    for step in steps:
        if step.account in ("available", "held") and step.kind not in ("hold", "release"):
            if step.kind in IN:
                found[IN[step.kind]] += step.delta
            elif step.kind in OUT:
                found[OUT[step.kind]] -= step.delta
            else:
                found["taken_back"] -= step.delta
    return found


def edges_of(steps: list[Step], picks: list[int]) -> list[datetime]:
    """Moments worth a look: of the entries, just beside them, midnights, and the ends."""
    tick = timedelta(microseconds=1)
    times = {step.at for step in steps}
    midnights = {datetime.combine(at.astimezone(UTC).date(), time(), UTC) for at in times}
    every = sorted(times | {at + tick for at in times} | {at - tick for at in times} | midnights | {db.now()})
    return sorted({every[pick % len(every)] for pick in picks} | {every[0], every[-1]})


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
@given(acts=acts, gaps=gaps, picks=st.lists(st.integers(0, 10**6), min_size=3, max_size=3))
def test_any_period_adds_up_and_periods_chain(world: World, acts: Any, gaps: Any, picks: Any) -> None:
    with transaction.atomic():
        life = Life(world.team)
        for what, amount in acts:
            life.do(what, amount)
        spread(world.team, gaps)
        steps, edges = steps_of(world), []
        edges = edges_of(steps, picks)
        before = None
        for start, end in zip(edges, edges[1:], strict=False):
            found = statements.of_period(world.team, start, end)
            within = [step for step in steps if start <= step.at < end]
            assert found.opening == sums([step for step in steps if step.at < start])
            assert found.closing == sums([step for step in steps if step.at < end])
            assert {name: found.part(name).amount for name in statements.PARTS} == parts(within)
            assert before is None or found.opening == before
            before = found.closing
            lines = queries.statement(world.team, Window(100), within=found.within).rows
            assert sum(line.change for line in lines) == found.closing.balance - found.opening.balance
            assert {line.at for line in lines} == {s.at for s in within if s.account != "frozen"}
        for moment in edges:
            assert statements.balance_at(world.team, moment) == sums([step for step in steps if step.at <= moment])
        whole = statements.of_period(world.team, edges[0], edges[-1])
        assert {name: whole.part(name).amount for name in statements.PARTS} == parts(
            [step for step in steps if edges[0] <= step.at < edges[-1]]
        )
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert reconcile.failures() == []
        transaction.set_rollback(True)
