"""What is under way at the providers, what is in doubt, and what came too late. Reads only.

Open generations are few beside all there are, and have partial indexes (generation_due, generation_deadline).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from generations.models import Attempt, AttemptOutcome, Callback, Generation, GenerationEvent, LateResult, Status
from generations.models.generation import OPEN
from project import db, ids
from project.errors import NotFound
from project.paging import Page, Window, page_of_rows, read_key
from project.times import instant, stamp

# How old, by its upper end in minutes; the last has none.
AGES: Mapping[str, tuple[int, int | None]] = {
    "under 1 min": (0, 1),
    "1 to 5 min": (1, 5),
    "5 to 15 min": (5, 15),
    "15 to 60 min": (15, 60),
    "older": (60, None),
}
# How long outputs are still to be had at the provider by its own word: kie.md 6, fal.md 6.
KEPT_THERE = {"kie": timedelta(days=14), "fal": timedelta(days=7)}
MOST_HISTORY = 500


@dataclass(frozen=True)
class Line:
    """Open generations of one provider in one state: how many by age, in the order of AGES, and how many of them are
    past their deadline."""

    provider: str
    status: str
    ages: Sequence[int]
    overdue: int

    @property
    def count(self) -> int:
        return sum(self.ages)

    @property
    def cells(self) -> list[tuple[str, int]]:
        return list(zip(AGES, self.ages, strict=True))


@dataclass(frozen=True)
class OpenFilter:
    """Which open generations are asked for; "" is any."""

    provider: str = ""
    status: str = ""
    age: str = ""
    model: str = ""
    overdue: bool = False


def counts() -> list[Line]:
    """By provider and state, in the order of a life; ages since the acceptance. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT provider, status, width_bucket(extract(epoch FROM clock_timestamp() - created_at)::float8,
                 ARRAY[60, 300, 900, 3600]::float8[]) AS age, count(*),
                 count(*) FILTER (WHERE deadline_at <= clock_timestamp())
               FROM generations_generation
               WHERE status IN ('queued', 'submitting', 'unknown', 'running', 'storing') GROUP BY 1, 2, 3"""
        )
        found: dict[tuple[str, str], tuple[list[int], list[int]]] = {}
        for provider, status, age, count, overdue in cursor.fetchall():
            ages, late = found.setdefault((provider, status), ([0] * len(AGES), []))
            ages[age] = count
            late.append(overdue)
    order = {str(status): place for place, status in enumerate(OPEN)}
    return [
        Line(provider, status, ages, sum(late))
        for (provider, status), (ages, late) in sorted(found.items(), key=lambda item: (item[0][0], order[item[0][1]]))
    ]


def rows(wanted: OpenFilter) -> QuerySet[Generation]:
    """The open generations asked for, with `tries`: how many attempts they had."""
    condition = Q(status__in=OPEN)
    moment = db.now()
    for name in ("provider", "status", "model"):
        if getattr(wanted, name):
            condition &= Q(**{name: getattr(wanted, name)})
    if wanted.age:
        least, most = AGES[wanted.age]
        condition &= Q(created_at__lte=moment - timedelta(minutes=least))
        if most is not None:
            condition &= Q(created_at__gt=moment - timedelta(minutes=most))
    if wanted.overdue:
        condition &= Q(deadline_at__lte=moment)
    tries = Attempt.objects.filter(generation=OuterRef("pk")).order_by().values("generation")
    return (
        Generation.objects.filter(condition)
        .select_related("team")
        .annotate(tries=Coalesce(Subquery(tries.annotate(n=Count("*")).values("n")), 0))
        .defer("input", "lines", "receipt", "metadata")
    )


def page(wanted: OpenFilter, window: Window) -> Page[Generation]:
    """One page of them, the oldest first."""
    return page_of_rows(
        rows(wanted),
        window,
        fields=("created_at", "id"),
        values=read_key(window, instant, UUID),
        newest_first=False,
        key_of=lambda row: (stamp(row.created_at), row.pk.hex),
    )


@dataclass(frozen=True)
class Late:
    """A result that came after the end. `until`: how long its files are still to be had at the provider, by its own
    word; None for a text, which has none. `cost` in micro-dollars, None when the provider did not tell."""

    row: LateResult
    until: datetime | None
    there: bool

    @property
    def outputs(self) -> int:
        return len(self.row.sources)


def late_page(window: Window) -> Page[LateResult]:
    """One page of late results, the newest first."""
    return page_of_rows(
        LateResult.objects.select_related("generation__team"),
        window,
        fields=("id",),
        values=read_key(window, int),
        newest_first=True,
        key_of=lambda row: (str(row.pk),),
    )


def late_of(found: Sequence[LateResult]) -> list[Late]:
    """These with what is known of their files."""
    moment = db.now()
    shown = []
    for row in found:
        until = row.created_at + KEPT_THERE[row.generation.provider] if row.sources else None
        shown.append(Late(row, until, until is not None and until > moment))
    return shown


@dataclass(frozen=True)
class Whole:
    """One generation for whoever looks after it, with its attempts, history, callbacks and late results."""

    row: Generation
    attempts: Sequence[Attempt]
    events: Sequence[GenerationEvent]
    callbacks: Sequence[Callback]
    late: Sequence[Late]

    @property
    def unknown(self) -> bool:
        return self.row.status == Status.UNKNOWN

    @property
    def doubt(self) -> Attempt | None:
        """The attempt of which nobody knows whether it bought."""
        return next((each for each in self.attempts if each.outcome == AttemptOutcome.UNKNOWN), None)


def whole(public_id: str) -> Whole:
    """Everything about one, ended or not. Raises NotFound."""
    wanted = ids.parse("gen", public_id)
    row = (
        Generation.objects.select_related("team", "hold", "api_key", "membership__user")
        .prefetch_related(
            Prefetch("attempts", Attempt.objects.order_by("number")),
            Prefetch("late_results", LateResult.objects.select_related("generation").order_by("id")),
        )
        .filter(pk=wanted)
        .first()
        if wanted
        else None
    )
    if row is None:
        raise NotFound("There is no such generation.")
    events = GenerationEvent.objects.filter(generation=row).order_by("id")[:MOST_HISTORY]
    callbacks = Callback.objects.filter(attempt__generation=row).order_by("id").defer("body")[:MOST_HISTORY]
    return Whole(row, list(row.attempts.all()), list(events), list(callbacks), late_of(list(row.late_results.all())))
