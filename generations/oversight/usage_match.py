"""Whose a provider's tasks are, and what its bill says about them. Reads only. Micro-dollars.

A task is ours when a generation, one of its attempts, a late result or an authenticated callback names it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Exists, F, OuterRef, QuerySet, Sum

from generations import outcomes
from generations.models import Attempt, Callback, CostVerdict, Generation, LateResult, UsageRow
from generations.models.generation import TERMINAL
from generations.oversight import unbilled
from generations.oversight.usage_files import Row
from project.ids import public

T = TypeVar("T")
CHUNK = 2_000
TOLD = 100  # of what is missing, so many are told one by one


@dataclass(frozen=True)
class _Ours:
    generation_id: UUID

    @property
    def generation(self) -> str:
        return public("gen", self.generation_id)


@dataclass(frozen=True)
class Change(_Ours):
    """A generation whose cost the bill sets: what it was thought to be, what it is, and the verdict by it."""

    before: int | None
    after: int
    verdict: CostVerdict


@dataclass(frozen=True)
class NeverCharged(_Ours):
    """Billed, and its generation charged its team nothing."""

    task_id: str
    amount: int


@dataclass(frozen=True)
class OursOnly(_Ours):
    """A generation of the bill's time that no bill names, and what we think it cost."""

    task_id: str
    cost: int


@dataclass(frozen=True)
class Differing:
    """A task that an earlier bill told otherwise: the earlier one stays."""

    task_id: str
    before: int
    after: int


@dataclass
class Judged:
    """What a bill says. `fresh` are the rows that no earlier bill had; `owner_of` whose their tasks are. `ours` is how
    many of our generations a bill of its time must name, `ours_only` are the first of those that none does."""

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
    ours: int = 0
    ours_only: list[OursOnly] = field(default_factory=list)
    ours_only_count: int = 0
    ours_only_amount: int = 0

    @property
    def lacking(self) -> bool:
        """Whether more than half of ours are missing: then it is rather the bill that is not whole."""
        return self.ours_only_count * 2 > self.ours


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
    everybody = owners(provider, [row.task_id for row in rows])
    fresh = {row.task_id for row in judged.fresh}
    judged.owner_of = {task: owner for task, owner in everybody.items() if task in fresh}
    judged.theirs_only = [row for row in judged.fresh if row.task_id not in everybody]
    _changes(judged)
    _missing(judged, unbilled.of_bill(provider, since=since, until=until), set(everybody.values()))
    return judged


def ours_only(generation: Generation) -> OursOnly:
    """A line of a list of them."""
    return OursOnly(generation.pk, generation.provider_task_id or "", unbilled.cost_of(generation))


def _missing(judged: Judged, time: Sequence[unbilled.Stretch], named: set[UUID]) -> None:
    judged.ours = unbilled.ours(time)
    judged.ours_only_count, judged.ours_only_amount = unbilled.total(time, besides=named)
    judged.ours_only = [ours_only(row) for row in unbilled.rows(time, most=TOLD, besides=named)]


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
    for rows in _naming(provider):
        others = rows.filter(provider_task_id__in=left).values_list("provider_task_id", "owner")
        found = dict(others) | found
    return found


def owner_besides(generation: Generation, task_id: str) -> UUID | None:
    """Another generation that a task of this one's provider is, or may be: by the same rows that `owners` goes by."""
    own = Generation.objects.filter(provider=generation.provider).annotate(owner=F("pk"))
    for rows in (own, *_naming(generation.provider)):
        named = rows.filter(provider_task_id=task_id).exclude(owner=generation.pk)
        for owner in named.values_list("owner", flat=True)[:1]:
            return UUID(str(owner))
    return None


def _naming(provider: str) -> tuple[QuerySet[Any], ...]:
    """What names the task of a generation beside its own field, with its `owner`; the surest first."""
    return (
        Attempt.objects.filter(generation__provider=provider).annotate(owner=F("generation_id")),
        LateResult.objects.filter(generation__provider=provider).annotate(owner=F("generation_id")),
        Callback.objects.filter(attempt__generation__provider=provider).annotate(owner=F("attempt__generation_id")),
    )


def told_besides(generation_ids: Sequence[UUID], *, named: Container[str] = ()) -> dict[UUID, int]:
    """What late results of generations told of tasks that no bill names, nor one with the tasks `named`: it adds up
    with what is billed."""
    billed = UsageRow.objects.filter(provider=OuterRef("generation__provider"), task_id=OuterRef("provider_task_id"))
    late = LateResult.objects.filter(generation__in=generation_ids, cost__gt=0).exclude(Exists(billed))
    found: dict[UUID, int] = defaultdict(int)
    for owner, task, cost in late.values_list("generation_id", "provider_task_id", "cost"):
        if task not in named:
            found[owner] += cost or 0
    return found


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
        besides = told_besides(part, named=judged.owner_of)
        for generation in Generation.objects.filter(pk__in=part).order_by("pk"):
            total = new[generation.pk] + sums.get(generation.pk, 0) + besides.get(generation.pk, 0)
            if generation.status not in TERMINAL:
                judged.still_open += 1
                continue
            verdict = outcomes.verdict_of_bill(generation, total)
            if (total, verdict) == (generation.actual_cost, generation.cost_verdict):
                judged.matched += 1
            else:
                judged.changes.append(Change(generation.pk, generation.actual_cost, total, verdict))
            if not generation.charged and new[generation.pk]:
                judged.never_charged.append(NeverCharged(generation.pk, tasks[generation.pk], total))


def _told_before(provider: str, task_ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in _parts(task_ids):
        found |= dict(UsageRow.objects.filter(provider=provider, task_id__in=part).values_list("task_id", "amount"))
    return found


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for index in range(0, len(items), CHUNK):
        yield items[index : index + CHUNK]
