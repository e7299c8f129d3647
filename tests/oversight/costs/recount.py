"""The figures counted another way: one generation and one transfer at a time, from the ledger, in Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from billing.models import Entry
from generations.models import Generation

Count = dict[str, int]


@dataclass(frozen=True)
class Fact:
    """One generation that has ended: the day of the money that left the team's held credit for good, else of the end,
    and what the ledger took for it."""

    made: Generation
    day: date
    captured: int


def facts() -> list[Fact]:
    """All that have ended."""
    legs: dict[Any, list[Entry]] = defaultdict(list)
    for leg in Entry.objects.filter(transfer__kind="capture", delta__lt=0).select_related("transfer"):
        legs[leg.transfer.hold_id].append(leg)
    found = []
    for made in Generation.objects.select_related("team", "api_key"):
        own = legs[made.hold_id]
        moment = own[0].created_at if own else made.finished_at
        if moment is not None and made.finished_at is not None:
            found.append(Fact(made, moment.astimezone(UTC).date(), -sum(leg.delta for leg in own)))
    return found


def counts(found: Iterable[Fact], by: Callable[[Generation, date], Any]) -> dict[Any, Count]:
    """Their sums, told apart."""
    sums: dict[Any, Count] = defaultdict(lambda: defaultdict(int))
    for fact in found:
        for key in (by(fact.made, fact.day), "all"):
            _add(sums[key], fact)
    return {key: dict(count) for key, count in sums.items()}


def _add(count: Count, fact: Fact) -> None:
    made = fact.made
    delivered = made.status == "succeeded"
    expected = made.expected_cost if delivered else 0
    count[made.status] += 1
    count["revenue"] += fact.captured
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
