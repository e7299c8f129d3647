"""Times as text: RFC 3339, out in UTC, in with an offset (design section 6)."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)


def stamp(moment: datetime) -> str:
    """`2026-01-31T09:30:00Z`, with microseconds where there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant(text: str) -> datetime:
    """A moment with its offset; ValueError for anything else."""
    upper = text.upper()
    if not _INSTANT.fullmatch(upper):
        raise ValueError("must be a time such as 2026-01-31T09:30:00Z")
    try:
        return datetime.fromisoformat(upper).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is not a moment that exists") from None
