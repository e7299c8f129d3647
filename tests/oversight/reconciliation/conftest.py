"""Days that are over, balances at their bounds, bills."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from accounts import audit
from generations.models import BalanceReading, Generation
from generations.oversight import usage, usage_files
from generations.oversight.usage import Bill
from generations.oversight.usage_files import Row
from project import db
from tests.oversight.conftest import staff_of


@pytest.fixture
def staff(db: None) -> audit.Staff:
    """Somebody of the staff, for verbs."""
    return audit.Staff(staff_of("rita", "reconcile_costs", "import_usage"))


def midnight(days_ago: int = 0) -> datetime:
    """The beginning of a day in UTC: today's, yesterday's (1) and so on."""
    today = db.now().astimezone(UTC).date()
    return datetime.combine(today - timedelta(days=days_ago), time(), UTC)


def reading(amount: int, moment: datetime, *, provider: str = "kie", source: str = "endpoint") -> BalanceReading:
    return BalanceReading.objects.create(provider=provider, amount=amount, source=source, taken_at=moment)


def moved(generation: Generation, *, handed: datetime | None = None, ended: datetime | None = None) -> Generation:
    """The generation as if it had been handed over and had ended at other times; its sums move along. Past the guards:
    no test waits a day."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        if handed is not None:
            cursor.execute(
                "UPDATE generations_generation SET created_at = %s, submitted_at = %s WHERE id = %s",
                [handed, handed, generation.pk],
            )
            cursor.execute(
                "UPDATE generations_attempt SET created_at = %s WHERE generation_id = %s", [handed, generation.pk]
            )
        if ended is not None:
            cursor.execute("UPDATE generations_generation SET finished_at = %s WHERE id = %s", [ended, generation.pk])
        cursor.execute("SET LOCAL session_replication_role = origin")
    generation.refresh_from_db()
    return generation


def yesterday(generation: Generation, hour: int = 12) -> Generation:
    """Handed over and ended within yesterday."""
    moment = midnight(1) + timedelta(hours=hour)
    return moved(generation, handed=moment, ended=moment + timedelta(minutes=2))


def bill(*rows: tuple[str, int], provider: str = "kie", days_ago: int = 1, name: str = "bill.csv", **more: Any) -> Bill:
    """A bill of a day that is over: (task, micro-dollars)."""
    since, until = midnight(days_ago), midnight(days_ago - 1)
    lines = [Row(number, task, amount, since + timedelta(hours=12)) for number, (task, amount) in enumerate(rows, 2)]
    raw = more.pop("raw", repr((name, rows)).encode())
    return usage.bill_of(provider=provider, name=name, raw=raw, since=since, until=until, rows=lines)


def csv_file(*rows: str, header: str = "task id,credits,time,model") -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def parsed(raw: bytes) -> list[Row]:
    return usage_files.parse(raw, since=midnight(1), until=midnight())
