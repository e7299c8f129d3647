"""Expected against actual charge, by provider and verdict, and what was billed that nobody was charged for.

Micro-dollars, days in UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import groupby, islice
from operator import attrgetter
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from generations.models import Generation, ModelDay, UsageRow
from generations.oversight import unbilled, verdict_sums
from generations.oversight.scopes import Scope
from generations.oversight.sums import Sums
from project.ids import public

WORDS = {
    "matched": "As expected",
    "over": "More than expected",
    "under": "Less than expected",
    "unknown": "Not reported",
    "unattributed": "Unattributed",
    "theirs_only": "Theirs only",
    "ours_only": "Ours only",
}
BATCH = 500  # rows of a file at once
LISTS = {"never-charged": "Billed and never charged", "theirs-only": "Theirs only", "ours-only": "Ours only"}


@dataclass(frozen=True)
class Found:
    """One verdict at one provider. `at_risk` is what may have been bought by what nobody can attribute."""

    provider: str
    verdict: str
    count: int
    expected: int
    actual: int
    at_risk: int = 0

    @property
    def words(self) -> str:
        return WORDS[self.verdict]

    @property
    def difference(self) -> int:
        """By how much the provider charged more than expected; 0 where it did not say what it charged."""
        return 0 if self.verdict in ("unknown", "unattributed") else self.actual - self.expected

    @property
    def ours(self) -> bool:
        """Whether it is a verdict on generations, which the desk of costs lists."""
        return self.verdict not in ("theirs_only", "ours_only")


@dataclass(frozen=True)
class Billed:
    """A task that the provider billed and that no team was charged for. `source`: how we know."""

    provider: str
    task_id: str
    model: str
    amount: int
    at: datetime
    source: str
    generation_id: UUID | None = None
    team: str = ""
    reason: str = ""

    @property
    def generation(self) -> str:
        return public("gen", self.generation_id) if self.generation_id else ""

    @property
    def known_by(self) -> str:
        """`source` in words."""
        return {"bill": "the bill", "record": "the task's record", "ours": "our books"}[self.source]


def by_verdict(scope: Scope) -> list[Found]:
    """Every provider and verdict that there is anything of, in the order of WORDS. Five statements, and one more
    for each further stretch of time that bills cover."""
    sums: dict[tuple[str, str], list[Sums]] = {}
    for group in verdict_sums.of_scope(scope):
        if group.verdict in WORDS:
            sums.setdefault((group.provider, group.verdict), []).append(group.sums)
    found = {key: _found(*key, Sums.total(parts)) for key, parts in sums.items()}
    for provider, count, amount in (
        theirs_only(scope).order_by().values_list("provider").annotate(n=Count("pk"), sum=Sum("amount"))
    ):
        found[provider, "theirs_only"] = Found(provider, "theirs_only", count, 0, amount)
    for provider, stretches in groupby(unbilled.of_scope(scope), attrgetter("provider")):
        count, amount = unbilled.total(list(stretches))
        if count:
            found[provider, "ours_only"] = Found(provider, "ours_only", count, amount, 0)
    order = list(WORDS)
    return sorted(found.values(), key=lambda row: (row.provider, order.index(row.verdict)))


def theirs_only(scope: Scope) -> QuerySet[UsageRow]:
    """Rows of bills that none of our generations knows, newest first."""
    rows = UsageRow.objects.filter(charged_at__gte=scope.since, charged_at__lt=scope.until, generation=None)
    return scope.of_provider(rows).order_by("-charged_at", "-pk")


def _reported(scope: Scope) -> QuerySet[Generation]:
    """Ended without a charge though the provider charged for it: as its bill says, else the task's record."""
    rows = Generation.objects.filter(
        finished_at__gte=scope.since, finished_at__lt=scope.until, charged=0, actual_cost__gt=0
    )
    return scope.of_provider(rows)


def never_charged(scope: Scope, *, most: int | None = None) -> Iterator[Billed]:
    """Every task that a provider billed on the days and that no team was charged for, dearest first, at most `most`: of
    a bill, and none of ours (by when it was billed), or of a generation that charged nothing (by when it ended)."""
    none = theirs_only(scope).filter(amount__gt=0).order_by("-amount", "charged_at", "pk")[:most]
    billed = Exists(UsageRow.objects.filter(generation=OuterRef("pk")))
    ended = _reported(scope).select_related("team").only(*unbilled.SHOWN).annotate(billed=billed)
    ours = ended.order_by("-actual_cost", "finished_at", "pk")[:most]
    both = (
        (_of_none(row) for row in none.iterator(BATCH)),
        (_of_ours(row, row.actual_cost or 0, "bill" if row.billed else "record") for row in ours.iterator(BATCH)),
    )
    return islice(merge(*both, key=lambda row: (-row.amount, row.at)), most)


def never_charged_total(scope: Scope) -> tuple[int, int]:
    """How many there are, and what they cost together."""
    bills = theirs_only(scope).filter(amount__gt=0).aggregate(n=Count("pk"), sum=Sum("amount"))
    records = _reported(scope).aggregate(n=Count("pk"), sum=Sum("actual_cost"))
    return bills["n"] + records["n"], (bills["sum"] or 0) + (records["sum"] or 0)


def listed(which: str, scope: Scope, *, most: int) -> tuple[list[Billed], int, int]:
    """A list of LISTS, at most so many of it, with how many there are and what they come to."""
    if which == "never-charged":
        return (list(never_charged(scope, most=most)), *never_charged_total(scope))
    if which == "theirs-only":
        rows = theirs_only(scope)
        sums = rows.aggregate(n=Count("pk"), sum=Sum("amount"))
        return [_of_none(row) for row in rows[:most]], sums["n"], sums["sum"] or 0
    time = unbilled.of_scope(scope)
    return [_of_missing(row) for row in unbilled.rows(time, most=most)], *unbilled.total(time)


def batches(which: str, scope: Scope) -> Iterator[list[Billed]]:
    """All of a list, some at a time: for files."""
    if which == "ours-only":
        for rows in unbilled.batches(unbilled.of_scope(scope)):
            yield [_of_missing(row) for row in rows]
        return
    never = which == "never-charged"
    found = never_charged(scope) if never else (_of_none(row) for row in theirs_only(scope).iterator(BATCH))
    while batch := list(islice(found, BATCH)):
        yield batch


def _of_none(row: UsageRow) -> Billed:
    return Billed(row.provider, row.task_id, row.model, row.amount, row.charged_at, "bill")


def _of_missing(row: Generation) -> Billed:
    return _of_ours(row, unbilled.cost_of(row), "ours")


def _of_ours(row: Generation, amount: int, source: str) -> Billed:
    assert row.finished_at is not None
    task = row.provider_task_id or ""
    return Billed(row.provider, task, row.model, amount, row.finished_at, source, row.pk, row.team.name, row.reason)


def at_risk(scope: Scope) -> tuple[int, int]:
    """How many generations ended with an unknown outcome, and what they may have cost: perhaps billed, nobody knows."""
    rows = scope.of_provider(ModelDay.objects.filter(day__gte=scope.first, day__lte=scope.last))
    found = rows.aggregate(n=Sum("unattributed"), sum=Sum("at_risk"))
    return found["n"] or 0, found["sum"] or 0


def _found(provider: str, verdict: str, sums: Sums) -> Found:
    return Found(provider, verdict, sums.ended, sums.expected, sums.actual, sums.at_risk)
