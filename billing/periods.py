"""The periods of budgets, and the one that a period is compared with: days and months of UTC."""

from __future__ import annotations

from calendar import monthrange
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


def before(first: date, last: date) -> tuple[date, date]:
    """The period that this one is compared with. Days from the first of a month on are compared with the same days of
    the month before, a whole month with a whole month; all others with as many days as they have, right before."""
    end = first - timedelta(days=1)
    if first.day == 1 and (last.year, last.month) == (first.year, first.month):
        longest = monthrange(end.year, end.month)[1]
        whole = last.day == monthrange(last.year, last.month)[1]
        return end.replace(day=1), end.replace(day=longest if whole else min(last.day, longest))
    return first - (last - first) - timedelta(days=1), end
