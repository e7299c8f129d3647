"""Sums over the script: what every figure of every page is held against."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from tests.oversight.month.script import Fact

MEASURES = ("succeeded", "failed", "canceled", "revenue", "expected", "actual", "cost", "at_risk") + (
    ("matched", "over", "under", "unreported", "unattributed")
)

_OF_FACTS: dict[int, Counter[str]] = {}  # by its number: some thirty tests ask for each


def of_fact(fact: Fact) -> Counter[str]:
    """What one generation adds to the sums, by the words of the models (generations/models/costs.py)."""
    if fact.number not in _OF_FACTS:
        _OF_FACTS[fact.number] = _counted(fact)
    return _OF_FACTS[fact.number]


def _counted(fact: Fact) -> Counter[str]:
    succeeded = fact.status == "succeeded"
    named = {"unknown": "unreported"}.get(fact.verdict, fact.verdict)
    sums: Counter[str] = Counter({fact.status: 1, "revenue": fact.charged, "actual": fact.actual or 0})
    sums["expected"] = fact.expected if succeeded else 0
    sums["cost"] = fact.actual if fact.actual is not None else sums["expected"]
    sums["at_risk"] = fact.expected if fact.verdict == "unattributed" else 0
    if named in MEASURES:
        sums[named] += 1
    return +sums


def added(facts: Iterable[Fact], by: Callable[[Fact], Any]) -> dict[Any, Counter[str]]:
    """Sums by whatever a fact is told apart by."""
    found: dict[Any, Counter[str]] = defaultdict(Counter)
    for fact in facts:
        found[by(fact)].update(of_fact(fact))
    return found


def whole(facts: Iterable[Fact]) -> Counter[str]:
    """All of it."""
    return added(facts, lambda _: None)[None]
