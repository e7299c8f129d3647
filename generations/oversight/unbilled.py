"""Generations that the bills of their time should name and none does: "ours only". Micro-dollars. Reads only.

Midnight: what is handed over or ends near the bound of a bill may be billed on either side of it. So a generation is
missed only when bills cover, in one stretch, all of its time and MARGIN before and after it: what ends at 23:59 is
judged with the next day's bill, and where that never comes, nobody can tell. What has no cost need not stand in a bill.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from generations.models import Generation, Status, UsageImport, UsageRow
from generations.oversight.scopes import Scope

MARGIN = timedelta(hours=1)
LONGEST = timedelta(days=4)  # no generation is under way for so long: bills further away do not matter
ROUND = 500
HAS_COST = Q(actual_cost__gt=0) | Q(actual_cost=None, status=Status.SUCCEEDED)
_COST = ("actual_cost", "expected_cost")
SHOWN = (
    "team__name",
    "provider",
    "provider_task_id",
    "model",
    "status",
    "reason",
    "actual_cost",
    "expected_cost",
    "finished_at",
)


@dataclass(frozen=True)
class Stretch:
    """Time of a provider that bills cover without a gap, and what part of it is asked about: what was handed over
    before `begun_until` and ended from `ended_from` until before `ended_until`."""

    provider: str
    since: datetime
    until: datetime
    begun_until: datetime
    ended_from: datetime
    ended_until: datetime

    @property
    def ours(self) -> QuerySet[Generation]:
        """The generations that its bills must name. The index generation_ended_at_provider has all that is asked."""
        return Generation.objects.filter(
            HAS_COST,
            provider=self.provider,
            submitted_at__gte=self.since + MARGIN,
            submitted_at__lt=self.begun_until,
            finished_at__gte=self.ended_from,
            finished_at__lt=min(self.ended_until, self.until - MARGIN),
        )

    @property
    def missing(self) -> QuerySet[Generation]:
        """Those that no bill names."""
        return self.ours.exclude(Exists(UsageRow.objects.filter(generation=OuterRef("pk"))))


def of_bill(provider: str, *, since: datetime, until: datetime) -> list[Stretch]:
    """What a bill, taken or not, lets one judge: its own time, and what began or ended beyond a bound of it where
    another bill goes on there. One statement."""
    bills = _bills(since, until).filter(provider=provider).values_list("covers_from", "covers_until")
    joined = _joined([*bills, (since, until)])
    return [
        Stretch(provider, *bounds, until + MARGIN, since - MARGIN, bounds[1])
        for bounds in joined
        if bounds[0] <= since and until <= bounds[1]
    ]


def of_scope(scope: Scope) -> list[Stretch]:
    """What ended on the days of a question, wherever bills cover it, by provider and time. One statement."""
    bills = scope.of_provider(_bills(scope.since, scope.until)).order_by("provider")
    found = []
    for provider, rows in groupby(bills.values_list("provider", "covers_from", "covers_until"), lambda row: row[0]):
        for bounds in _joined([(since, until) for _, since, until in rows]):
            if bounds[0] < scope.until and scope.since < bounds[1]:
                found.append(Stretch(provider, *bounds, scope.until, scope.since, scope.until))
    return found


def total(stretches: Collection[Stretch], *, besides: Collection[UUID] = ()) -> tuple[int, int]:
    """How many are missing, and what they cost as far as we know. A statement a stretch."""
    return _added([_without(stretch.missing, besides) for stretch in stretches])


def ours(stretches: Collection[Stretch]) -> int:
    """How many there are, missing or not."""
    return sum(stretch.ours.count() for stretch in stretches)


def rows(stretches: Collection[Stretch], *, most: int, besides: Collection[UUID] = ()) -> list[Generation]:
    """The missing ones by provider, oldest first, at most so many. Two statements a stretch."""
    found: list[Generation] = []
    for stretch in stretches:
        found += _first(_without(stretch.missing, besides), most - len(found))
    return found


def batches(stretches: Collection[Stretch]) -> Iterator[list[Generation]]:
    """All of them, some at a time: for files."""
    for stretch in stretches:
        left = stretch.missing
        while batch := _first(left, ROUND):
            yield batch
            last = batch[-1]
            beyond = Q(finished_at__gt=last.finished_at) | Q(finished_at=last.finished_at, pk__gt=last.pk)
            left = stretch.missing.filter(beyond, finished_at__gte=last.finished_at)


def cost_of(generation: Generation) -> int:
    """What a generation that has a cost cost as far as we know: reported, else expected of a success."""
    return generation.expected_cost if generation.actual_cost is None else generation.actual_cost


def _added(parts: Collection[QuerySet[Generation]]) -> tuple[int, int]:
    count = amount = 0
    for part in parts:
        found = part.aggregate(n=Count("pk"), sum=Sum(Coalesce(*_COST)))
        count, amount = count + found["n"], amount + (found["sum"] or 0)
    return count, amount


def _without(found: QuerySet[Generation], besides: Collection[UUID]) -> QuerySet[Generation]:
    return found.exclude(pk__in=besides) if besides else found


def _first(found: QuerySet[Generation], most: int) -> list[Generation]:
    """The keys first, for which the index is enough, then their rows: among many, few are missing."""
    ids = list(found.order_by("finished_at", "pk").values_list("pk", flat=True)[:most])
    rows = Generation.objects.filter(pk__in=ids).select_related("team").only(*SHOWN)
    return list(rows.order_by("finished_at", "pk")) if ids else []


def _bills(since: datetime, until: datetime) -> QuerySet[UsageImport]:
    return UsageImport.objects.filter(covers_until__gte=since - LONGEST, covers_from__lte=until + LONGEST)


def _joined(bounds: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Bounds that touch or overlap as one, in order."""
    found: list[tuple[datetime, datetime]] = []
    for since, until in sorted(bounds):
        if found and since <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return found
