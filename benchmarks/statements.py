"""A month's statement over 300,000 transfers, against summing up their entries, on an embedded server of its own.

    .venv/bin/python benchmarks/statements.py [--transfers 300000] [--rounds 5]

Prints times and their ratio, the only figure to compare between machines. Runs in a data folder of its own under
.data/bench; the transfers are written past the guards, in a transaction that is rolled back.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ["FRAMEHOUSE_MODE"] = "test"
os.environ["DATA_DIR"] = str(ROOT / ".data" / "bench")
os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
sys.path.insert(0, str(ROOT))

FIRST, MONTH = datetime(2026, 1, 1, tzinfo=UTC), timedelta(days=31)

# Grants of 10 micro-dollars, evenly over the month, with the balances and totals that they make.
WRITE = """
with t as (
  insert into billing_transfer (key, kind, debit_id, credit_id, amount, actor, reason, event_at, created_at)
  select %(mark)s || ':' || n, 'grant', %(house)s, %(own)s, 10, 'bench', 'bench', at, at
  from (select n, %(first)s + n * %(every)s as at from generate_series(0, %(count)s - 1) n) x
  returning id, created_at, split_part(key, ':', 2)::bigint as n)
insert into billing_entry (account_id, transfer_id, delta, account_version, balance_after, created_at)
select %(own)s, id, 10, n + 1, 10 * (n + 1), created_at from t;
insert into billing_daytotal (team_id, day, kind, amount, count)
select %(team)s, (created_at at time zone 'UTC')::date, 'grant', sum(delta), count(*)
from billing_entry where account_id = %(own)s group by 2
"""
SUM = """
select t.kind, sum(e.delta), count(*) from billing_entry e join billing_transfer t on t.id = e.transfer_id
where e.account_id = %(own)s and e.created_at >= %(start)s and e.created_at < %(end)s group by t.kind
"""


def milliseconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--transfers", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()

    import django

    from project import embedded_postgres

    embedded_postgres.ensure_running(Path(os.environ["DATA_DIR"]) / "postgres")
    django.setup()
    from django.core.management import call_command
    from django.db import transaction

    call_command("migrate", verbosity=0)
    with transaction.atomic():
        compare(asked.transfers, asked.rounds)
        transaction.set_rollback(True)


def compare(transfers: int, rounds: int) -> None:
    """Writes the month and prints both ways of summing it up, in turn."""
    from django.db import connection

    from accounts.models import Team
    from billing import ledger, statements
    from billing.models import AccountKind

    team = Team.objects.create(name=f"bench {uuid.uuid4().hex[:8]}")
    ledger.open_wallet(team)
    own = ledger.wallet(team.pk).available.pk
    house = ledger.house(AccountKind.GRANTS).pk
    values = {"mark": uuid.uuid4().hex, "own": own, "house": house, "team": team.pk, "count": transfers}
    with connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 0; set local session_replication_role = replica")
        cursor.execute(WRITE, {**values, "first": FIRST, "every": MONTH / transfers})
        cursor.execute("set local session_replication_role = origin")
        cursor.execute("analyze billing_entry, billing_transfer, billing_daytotal")

    def summed(start: datetime, end: datetime) -> int:
        with connection.cursor() as cursor:
            cursor.execute(SUM, {"own": own, "start": start, "end": end})
            return int(cursor.fetchone()[1])

    for words, start, end in (
        ("whole days", FIRST, FIRST + MONTH),
        ("broken at both ends", FIRST + timedelta(hours=5), FIRST + MONTH - timedelta(hours=5)),
    ):
        assert statements.of_period(team, start, end).granted == summed(start, end)
        ratios = []
        for _ in range(rounds):  # in turn, so that a drifting machine touches both
            totals = milliseconds(lambda: statements.of_period(team, start, end))  # noqa: B023 - called at once
            entries = milliseconds(lambda: summed(start, end))  # noqa: B023
            ratios.append(entries / totals)
            print(f"{words}: statement {totals:.1f} ms, summing the entries {entries:.1f} ms")
        print(f"{words}: median ratio {statistics.median(ratios):.0f}")


if __name__ == "__main__":
    main()
