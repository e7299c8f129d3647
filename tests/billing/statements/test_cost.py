"""A statement costs the same however much has moved: it looks at the ends and at the totals of days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing import statements
from billing.models import Account, AccountKind
from tests.billing.statements.past import retotal
from tests.world import World

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = timedelta(minutes=20)


@pytest.fixture
def long_past(world: World) -> Callable[[int], None]:
    """Grants every 20 minutes from January 1, past the guards, before the first credit."""

    def grow(count: int) -> None:
        account = Account.objects.get(team=world.team, kind=AccountKind.AVAILABLE)
        house = Account.objects.get(team=None, kind=AccountKind.GRANTS)
        with connection.cursor() as cursor:
            cursor.execute("set local session_replication_role = replica")
            cursor.execute("delete from billing_lot; delete from billing_entry; delete from billing_transfer")
            cursor.execute(
                """with t as (
                     insert into billing_transfer (key, kind, debit_id, credit_id, amount, actor, reason, event_at,
                       created_at)
                     select 'n:' || n, 'grant', %(house)s, %(own)s, 10, 'test', 'test', at, at
                     from (select n, %(first)s + n * %(every)s as at from generate_series(0, %(count)s - 1) n) x
                     returning id, created_at, substr(key, 3)::bigint as n)
                   insert into billing_entry (account_id, transfer_id, delta, account_version, balance_after,
                     created_at)
                   select %(own)s, id, 10, n + 1, 10 * (n + 1), created_at from t""",
                {"house": house.pk, "own": account.pk, "first": FIRST, "every": EVERY, "count": count},
            )
            cursor.execute("set local session_replication_role = origin")
        retotal()
        with connection.cursor() as cursor:
            cursor.execute("analyze billing_entry, billing_transfer, billing_daytotal")

    return grow


def rows_touched(call: Callable[[], Any], *tables: str) -> int:
    """How many rows of these tables the queries of a call have read, by their plans."""
    with CaptureQueriesContext(connection) as asked:
        call()
    touched = 0
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            cursor.execute(f"explain (analyze, format json) {query['sql']}")
            touched += sum(_read(plan["Plan"], tables) for plan in cursor.fetchone()[0])
    return touched


def _read(node: dict[str, Any], tables: tuple[str, ...]) -> int:
    own = 0
    if node.get("Relation Name") in tables:
        own = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return int(own) + sum(_read(part, tables) for part in node.get("Plans", []))


def test_rows_touched_do_not_grow_with_the_transfers(world: World, long_past: Callable[[int], None]) -> None:
    tables = ("billing_entry", "billing_transfer")
    start, end = FIRST + timedelta(days=2), FIRST + timedelta(days=25)

    def ask() -> None:
        assert statements.of_period(world.team, start, end).granted == 10 * 72 * 23

    long_past(72 * 26)
    few = rows_touched(ask, *tables)
    long_past(72 * 80)
    assert rows_touched(ask, *tables) <= few <= 4
    assert rows_touched(lambda: statements.balance_at(world.team, end), *tables) <= 2


def test_broken_days_at_the_edges_are_read_line_by_line_and_no_more(
    world: World, long_past: Callable[[int], None]
) -> None:
    long_past(72 * 40)
    start, end = FIRST + timedelta(days=2, hours=23), FIRST + timedelta(days=35, hours=1)

    def ask() -> None:
        assert statements.of_period(world.team, start, end).granted == 10 * (3 + 72 * 32 + 3)

    assert rows_touched(ask, "billing_entry") <= 6 + 4
