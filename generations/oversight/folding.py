"""The sums by model of days gone by, folded into one row a variant and day (migration 0018)."""

from __future__ import annotations

from datetime import UTC, timedelta

from django.db import connection

from project import db

SETTLES = timedelta(days=1)  # most of what changes a day's sums comes within it; what comes later is folded later


def fold() -> int:
    """Folds all days before yesterday; returns how many rows went. Safe at any time, beside any end."""
    until = (db.now() - SETTLES).astimezone(UTC).date()

    def work() -> int:
        with connection.cursor() as cursor:
            cursor.execute("select generations_fold_costs(%s)", (until,))
            row = cursor.fetchone()
        assert row is not None
        return int(row[0])

    return db.in_transaction(work)
