"""The figures counted another way: one generation and one transfer at a time, from the ledger, in Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date
from typing import Any

from billing.models import Entry
from generations.models import Generation

Count = dict[str, int]


def day_of(made: Generation) -> date | None:
    """The day of the money that left the team's held credit for good, else of the end."""
    taken = Entry.objects.filter(transfer__hold_id=made.hold_id, transfer__kind="capture", delta__lt=0).values_list(
        "created_at", flat=True
    )
    moment = next(iter(taken), made.finished_at)
    return moment.astimezone(UTC).date() if moment else None


def captured(made: Generation) -> int:
    """What the ledger took for it."""
    legs = Entry.objects.filter(transfer__hold_id=made.hold_id, transfer__kind="capture", delta__lt=0)
    return -sum(leg.delta for leg in legs)


def counts(wanted: Callable[[Generation, date], bool], by: Callable[[Generation, date], Any]) -> dict[Any, Count]:
    """The sums of what is wanted, told apart."""
    found: dict[Any, Count] = defaultdict(lambda: defaultdict(int))
    for made in Generation.objects.select_related("team", "api_key"):
        day = day_of(made)
        if day is None or made.finished_at is None or not wanted(made, day):
            continue
        for key in (by(made, day), "all"):
            _add(found[key], made)
    return {key: dict(count) for key, count in found.items()}


def _add(count: Count, made: Generation) -> None:
    delivered = made.status == "succeeded"
    expected = made.expected_cost if delivered else 0
    count[made.status] += 1
    count["revenue"] += captured(made)
    count["expected"] += expected
    count["actual"] += made.actual_cost or 0
    count["cost"] += expected if made.actual_cost is None else made.actual_cost
    if delivered or made.actual_cost is not None:
        word = "unreported" if made.actual_cost is None else _word(made.actual_cost, expected)
        count[word] += 1
    elif made.reason == "provider_failed":
        count["unreported"] += 1  # it had the task, and did not say what it took for it
    elif made.reason == "outcome_unknown":
        count["unattributed"] += 1
        count["at_risk"] += made.expected_cost


def _word(actual: int, expected: int) -> str:
    return "matched" if actual == expected else "over" if actual > expected else "under"


def non_zero(count: Iterable[tuple[str, int]]) -> Count:
    return {name: value for name, value in count if value}
