"""Expected against actual charge, by provider and verdict, and what was billed that nobody was charged for.

Micro-dollars, days in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from generations.models import Generation, ModelDay, UsageImport, UsageRow
from generations.oversight import verdict_sums
from generations.oversight.scopes import Scope
from generations.oversight.sums import Sums
from generations.oversight.usage_match import cost_of, ours_missing
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
LISTS = {"never-charged": "Billed and never charged", "theirs-only": "Theirs only", "ours-only": "Ours only"}


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both included; `provider` empty asks for all."""

    first: date
    last: date
    provider: str = ""

    @property
    def since(self) -> datetime:
        return datetime.combine(self.first, time(), UTC)

    @property
    def until(self) -> datetime:
        return datetime.combine(self.last, time(), UTC) + timedelta(days=1)

    @property
    def words(self) -> str:
        return f"{self.first} to {self.last}" + (f", provider {self.provider}" if self.provider else "")


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


def by_verdict(period: Period) -> list[Found]:
    """Every provider and verdict that there is anything of, in the order of WORDS. Five statements."""
    sums: dict[tuple[str, str], list[Sums]] = {}
    for group in verdict_sums.of_scope(Scope(period.first, period.last, period.provider)):
        if group.verdict in WORDS:
            sums.setdefault((group.provider, group.verdict), []).append(group.sums)
    found = {key: _found(*key, Sums.total(parts)) for key, parts in sums.items()}
    for provider, count, amount in (
        theirs_only(period).order_by().values_list("provider").annotate(n=Count("pk"), sum=Sum("amount"))
    ):
        found[provider, "theirs_only"] = Found(provider, "theirs_only", count, 0, amount)
    ours: dict[str, list[int]] = {}
    for row in ours_only(period):
        ours.setdefault(row.provider, []).append(cost_of(row))
    for provider, costs in ours.items():
        found[provider, "ours_only"] = Found(provider, "ours_only", len(costs), sum(costs), 0)
    order = list(WORDS)
    return sorted(found.values(), key=lambda row: (row.provider, order.index(row.verdict)))


def theirs_only(period: Period) -> QuerySet[UsageRow]:
    """Rows of bills that none of our generations knows, newest first."""
    rows = UsageRow.objects.filter(charged_at__gte=period.since, charged_at__lt=period.until, generation=None)
    if period.provider:
        rows = rows.filter(provider=period.provider)
    return rows.select_related("usage_import").order_by("-charged_at", "-pk")


def ours_only(period: Period) -> list[Generation]:
    """Generations of the period that a bill should name, that covers their time, and none does; oldest first."""
    found: list[Generation] = []
    bills = UsageImport.objects.filter(covers_from__lt=period.until, covers_until__gt=period.since)
    for provider in sorted(set(bills.values_list("provider", flat=True))):
        if period.provider not in ("", provider):
            continue
        covering = UsageImport.objects.filter(
            provider=provider, covers_from__lte=OuterRef("submitted_at"), covers_until__gt=OuterRef("finished_at")
        )
        missing = ours_missing(provider, since=period.since - timedelta(days=1), until=period.until)
        found += missing.filter(Exists(covering), finished_at__gte=period.since).select_related("team")
    return found


def _reported(period: Period) -> QuerySet[Generation]:
    """Ended without a charge though the provider charged for it: as its bill says, else the task's record."""
    rows = Generation.objects.filter(
        finished_at__gte=period.since, finished_at__lt=period.until, charged=0, actual_cost__gt=0
    )
    return rows.filter(provider=period.provider) if period.provider else rows


def never_charged(period: Period, *, most: int | None = None) -> list[Billed]:
    """Every task that a provider billed in the period and that no team was charged for, dearest first, at most `most`:
    of a bill, and none of ours (by when it was billed), or of a generation that charged nothing (by when it ended)."""
    found = [_of_none(row) for row in theirs_only(period).filter(amount__gt=0).order_by("-amount", "pk")[:most]]
    billed = Exists(UsageRow.objects.filter(generation=OuterRef("pk")))
    for row in _reported(period).select_related("team").annotate(billed=billed).order_by("-actual_cost", "pk")[:most]:
        found.append(_of_ours(row, row.actual_cost or 0, "bill" if row.billed else "record", period))
    return sorted(found, key=lambda row: (-row.amount, row.at))[:most]


def never_charged_total(period: Period) -> tuple[int, int]:
    """How many there are, and what they cost together."""
    bills = theirs_only(period).filter(amount__gt=0).aggregate(n=Count("pk"), sum=Sum("amount"))
    records = _reported(period).aggregate(n=Count("pk"), sum=Sum("actual_cost"))
    return bills["n"] + records["n"], (bills["sum"] or 0) + (records["sum"] or 0)


def listed(which: str, period: Period, *, most: int | None = None) -> tuple[list[Billed], int, int]:
    """A list of LISTS, at most so many of it, with how many there are and what they come to."""
    if which == "never-charged":
        return (never_charged(period, most=most), *never_charged_total(period))
    if which == "theirs-only":
        rows = theirs_only(period)
        sums = rows.aggregate(n=Count("pk"), sum=Sum("amount"))
        return [_of_none(row) for row in rows[:most]], sums["n"], sums["sum"] or 0
    ours = ours_only(period)
    found = [_of_ours(row, cost_of(row), "ours", period) for row in ours[:most]]
    return found, len(ours), sum(cost_of(row) for row in ours)


def _of_none(row: UsageRow) -> Billed:
    return Billed(row.provider, row.task_id, row.model, row.amount, row.charged_at, "bill")


def _of_ours(row: Generation, amount: int, source: str, period: Period) -> Billed:
    task, at = row.provider_task_id or "", row.finished_at or period.since
    return Billed(row.provider, task, row.model, amount, at, source, row.pk, row.team.name, row.reason)


def at_risk(period: Period) -> tuple[int, int]:
    """How many generations ended with an unknown outcome, and what they may have cost: perhaps billed, nobody knows."""
    rows = ModelDay.objects.filter(day__gte=period.first, day__lte=period.last)
    rows = rows.filter(provider=period.provider) if period.provider else rows
    found = rows.aggregate(n=Sum("unattributed"), sum=Sum("at_risk"))
    return found["n"] or 0, found["sum"] or 0


def _found(provider: str, verdict: str, sums: Sums) -> Found:
    return Found(provider, verdict, sums.ended, sums.expected, sums.actual, sums.at_risk)
