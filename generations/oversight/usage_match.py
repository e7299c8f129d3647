"""Whose a provider's tasks are, and what its bill says about them. Reads only. Micro-dollars.

A task is ours when a generation, one of its attempts, a late result or an authenticated callback names it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet, Sum

from generations import outcomes
from generations.models import Attempt, Callback, CostVerdict, Generation, LateResult, Status, UsageRow
from generations.models.generation import TERMINAL
from generations.oversight.usage_files import Row
from project.ids import public

T = TypeVar("T")
CHUNK = 2_000


@dataclass(frozen=True)
class Change:
    """A generation whose cost the bill sets: what it was thought to be, what it is, and the verdict by it."""

    generation_id: UUID
    before: int | None
    after: int
    verdict: CostVerdict

    @property
    def generation(self) -> str:
        return public("gen", self.generation_id)


@dataclass(frozen=True)
class Differing:
    """A task that an earlier bill told otherwise: the earlier one stays."""

    task_id: str
    before: int
    after: int


@dataclass(frozen=True)
class NeverCharged:
    """Billed, and its generation charged its team nothing."""

    task_id: str
    generation_id: UUID
    amount: int

    @property
    def generation(self) -> str:
        return public("gen", self.generation_id)


@dataclass(frozen=True)
class OursOnly:
    """A generation of the period that the bill does not name, and what we think it cost."""

    generation_id: UUID
    task_id: str
    cost: int

    @property
    def generation(self) -> str:
        return public("gen", self.generation_id)


@dataclass
class Judged:
    """What a bill says. `fresh` are the rows that no earlier bill had; `owner_of` whose their tasks are."""

    amount: int = 0
    fresh: list[Row] = field(default_factory=list)
    owner_of: dict[str, UUID] = field(default_factory=dict)
    told_before: int = 0
    differing: list[Differing] = field(default_factory=list)
    theirs_only: list[Row] = field(default_factory=list)
    matched: int = 0
    still_open: int = 0
    changes: list[Change] = field(default_factory=list)
    never_charged: list[NeverCharged] = field(default_factory=list)
    ours_only: list[OursOnly] = field(default_factory=list)


def judge(provider: str, rows: Sequence[Row], *, since: datetime, until: datetime) -> Judged:
    """What a bill would find and change; the same for its preview and when it is taken."""
    judged = Judged(amount=sum(row.amount for row in rows))
    before = _told_before(provider, [row.task_id for row in rows])
    for row in rows:
        if row.task_id not in before:
            judged.fresh.append(row)
        elif before[row.task_id] == row.amount:
            judged.told_before += 1
        else:
            judged.differing.append(Differing(row.task_id, before[row.task_id], row.amount))
    judged.owner_of = owners(provider, [row.task_id for row in judged.fresh])
    judged.theirs_only = [row for row in judged.fresh if row.task_id not in judged.owner_of]
    _changes(judged)
    named = {row.task_id for row in rows}
    missing = ours_missing(provider, since=since, until=until)
    taken = set(judged.owner_of.values())
    judged.ours_only = [
        OursOnly(row.pk, row.provider_task_id or "", cost_of(row))
        for row in missing.iterator()
        if row.provider_task_id not in named and row.pk not in taken
    ]
    return judged


def owners(provider: str, task_ids: Iterable[str]) -> dict[str, UUID]:
    """The generations of tasks: by their own task, else by an attempt's, a late result's or a callback's."""
    found: dict[str, UUID] = {}
    left = list(task_ids)
    for part in _parts(left):
        own = Generation.objects.filter(provider=provider, provider_task_id__in=part)
        found |= {str(task): pk for task, pk in own.values_list("provider_task_id", "pk")}
    left = [task for task in left if task not in found]
    if not left:
        return found
    for rows in (
        Attempt.objects.filter(generation__provider=provider).annotate(owner=F("generation_id")),
        LateResult.objects.filter(generation__provider=provider).annotate(owner=F("generation_id")),
        Callback.objects.filter(attempt__generation__provider=provider).annotate(owner=F("attempt__generation_id")),
    ):
        others = rows.filter(provider_task_id__in=left).values_list("provider_task_id", "owner")
        found = dict(others) | found
    return found


def ours_missing(provider: str, *, since: datetime, until: datetime) -> QuerySet[Generation]:
    """Generations that a bill of a period must name and none does: handed over and ended within it, and with a cost. A
    failed one that cost nothing need not stand in a bill."""
    billed = UsageRow.objects.filter(generation=OuterRef("pk"))
    return (
        Generation.objects.filter(provider=provider, finished_at__gte=since, finished_at__lt=until)
        .filter(submitted_at__gte=since, provider_task_id__isnull=False)
        .exclude(Exists(billed))
        .exclude(status__in=[Status.FAILED, Status.CANCELED], actual_cost=None)
        .exclude(actual_cost=0)
        .order_by("finished_at", "pk")
    )


def cost_of(generation: Generation) -> int:
    """What a generation cost as far as we know: reported, else expected of a success."""
    if generation.actual_cost is not None:
        return generation.actual_cost
    return generation.expected_cost if generation.status == Status.SUCCEEDED else 0


def _changes(judged: Judged) -> None:
    new: dict[UUID, int] = defaultdict(int)
    tasks: dict[UUID, str] = {}
    for row in judged.fresh:
        owner = judged.owner_of.get(row.task_id)
        if owner is not None:
            new[owner] += row.amount
            tasks.setdefault(owner, row.task_id)
    for part in _parts(sorted(new)):
        earlier = UsageRow.objects.filter(generation__in=part).values_list("generation").annotate(sum=Sum("amount"))
        sums = dict(earlier)
        for generation in Generation.objects.filter(pk__in=part).order_by("pk"):
            total = new[generation.pk] + sums.get(generation.pk, 0)
            if generation.status not in TERMINAL:
                judged.still_open += 1
                continue
            verdict = outcomes.verdict_of_bill(generation, total)
            if (total, verdict) == (generation.actual_cost, generation.cost_verdict):
                judged.matched += 1
            else:
                judged.changes.append(Change(generation.pk, generation.actual_cost, total, verdict))
            if not generation.charged and new[generation.pk]:
                judged.never_charged.append(NeverCharged(tasks[generation.pk], generation.pk, total))


def _told_before(provider: str, task_ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in _parts(task_ids):
        found |= dict(UsageRow.objects.filter(provider=provider, task_id__in=part).values_list("task_id", "amount"))
    return found


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for index in range(0, len(items), CHUNK):
        yield items[index : index + CHUNK]
