"""The periods of budgets: days and months of UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from billing.models import Period


def start_of(period: str, moment: datetime) -> date:
    """The first UTC day of the day or month that contains the moment."""
    day = moment.astimezone(UTC).date()
    return day if period == Period.DAY else day.replace(day=1)


def reset_of(period: str, moment: datetime) -> datetime:
    """When the next period begins (UTC)."""
    start = start_of(period, moment)
    after = start + timedelta(days=1) if period == Period.DAY else (start + timedelta(days=32)).replace(day=1)
    return datetime(after.year, after.month, after.day, tzinfo=UTC)
