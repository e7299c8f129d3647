"""Periods as the parameters of a call say them: days, which are UTC's and meant whole, or exact moments."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from django.http import QueryDict

from project import db
from project.params import wrong
from project.times import instant

FIRST, LAST = date(2000, 1, 1), date(2999, 12, 31)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def instant_of(query: QueryDict, name: str) -> datetime | None:
    """The moment that a parameter names; None without it. A blank stands for the `+` of an offset that a caller forgot
    to encode. Raises Invalid."""
    if name not in query:
        return None
    try:
        return instant(str(query[name]).replace(" ", "+"))
    except ValueError as error:
        raise wrong(name, str(error)) from error


def day_of(query: QueryDict, name: str) -> date | None:
    """The day that a parameter names; None without it. Raises Invalid."""
    if name not in query:
        return None
    text = str(query[name])
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        raise wrong(name, "must be a day such as 2026-01-31")
    if not FIRST <= day <= LAST:
        raise wrong(name, f"must lie between {FIRST} and {LAST}", "out_of_range")
    return day


def period_of(query: QueryDict) -> tuple[datetime, datetime]:
    """`from` up to `to`, which is no more part of it; a day counts whole at either end. Without `from` it begins with
    this month, without `to` it ends now. Raises Invalid."""
    now = db.now().astimezone(UTC)
    start = _edge(query, "from", last=False) or now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = _edge(query, "to", last=True) or now
    if end <= start:
        raise wrong("to", "lies before the start", "out_of_range")
    return start, end


def days_of(query: QueryDict, *, most: int) -> tuple[date, date]:
    """The days `from` and `to`, both included: the last 30 without either. Raises Invalid."""
    last = day_of(query, "to") or db.now().astimezone(UTC).date()
    first = day_of(query, "from") or max(FIRST, last - timedelta(days=29))
    if last < first:
        raise wrong("to", "lies before the start", "out_of_range")
    if (last - first).days >= most:
        raise wrong("to", f"a period has at most {most} days", "out_of_range")
    return first, last


def _edge(query: QueryDict, name: str, *, last: bool) -> datetime | None:
    text = str(query.get(name, ""))
    if _DAY.fullmatch(text):
        day = day_of(query, name)
        assert day is not None
        return datetime.combine(day, time(), UTC) + timedelta(days=int(last))
    if name in query and "T" not in text.upper():
        raise wrong(name, "must be a day such as 2026-01-31 or a time such as 2026-01-31T09:30:00Z")
    return instant_of(query, name)
