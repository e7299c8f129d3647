"""The generations behind a figure: those whose revenue and cost stand in the days asked for. Read newest end first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import DateField, Q, QuerySet
from django.db.models.expressions import RawSQL

from generations import catalog
from generations.models import CostVerdict, Generation, Status
from generations.oversight import figures, verdict_sums
from generations.oversight.scopes import NO_VARIANT, Scope
from generations.oversight.sums import Sums
from project import ids

PER_PAGE = 50
BATCH = 500

STATUSES: Mapping[str, str] = {
    Status.SUCCEEDED.value: "succeeded",
    Status.FAILED.value: "failed",
    Status.CANCELED.value: "canceled",
}
VERDICTS: Mapping[str, str] = {
    CostVerdict.MATCHED.value: "matched",
    CostVerdict.OVER.value: "over",
    CostVerdict.UNDER.value: "under",
    CostVerdict.UNKNOWN.value: "not reported",
    CostVerdict.UNATTRIBUTED.value: "unattributed",
    CostVerdict.NONE.value: "nothing bought",
}


@dataclass(frozen=True)
class Wanted:
    """Which generations: a scope, and of these the ones with a status and a verdict ("" for all)."""

    scope: Scope
    status: str = ""
    verdict: str = ""

    @property
    def words(self) -> str:
        parts = [f"status {self.status}" if self.status else "", VERDICTS.get(self.verdict, "")]
        return ", ".join([self.scope.words, *filter(None, parts)])


@dataclass(frozen=True)
class Row:
    """One generation with what it brought and cost. `expected` is 0 where nothing was delivered; `difference` is
    actual less expected, None where the provider did not say."""

    generation: Generation
    expected: int

    @property
    def id(self) -> str:
        return self.generation.public_id

    @property
    def name(self) -> str:
        entry = catalog.ENTRIES.get(self.generation.model)
        return entry.name if entry else self.generation.model

    @property
    def difference(self) -> int | None:
        actual = self.generation.actual_cost
        return None if actual is None else actual - self.expected

    @property
    def cost(self) -> int:
        """The best-known one."""
        actual = self.generation.actual_cost
        return self.expected if actual is None else actual

    @property
    def margin(self) -> int:
        return (self.generation.charged or 0) - self.cost

    @property
    def loss(self) -> int:
        return max(-self.margin, 0)

    @property
    def verdict(self) -> str:
        return VERDICTS.get(self.generation.cost_verdict, self.generation.cost_verdict)


@dataclass(frozen=True)
class Page:
    """Rows, newest end first. `older` and `newer` are ids to go on from, "" where there is nothing."""

    rows: list[Row]
    older: str
    newer: str


def page(wanted: Wanted, *, before: str = "", after: str = "", limit: int = PER_PAGE) -> Page:
    """One page: those that ended before (or after) the generation of an id. An id that is not there begins anew."""
    rows = _rows(wanted)
    at = _place(before or after)
    newer = bool(at and after and not before)
    if at:
        rows = rows.filter(_beyond(at, newer=newer))
    order = ("finished_at", "id") if newer else ("-finished_at", "-id")
    found = list(rows.order_by(*order)[: limit + 1])
    more, found = len(found) > limit, found[:limit]
    if newer:
        found.reverse()
    newest, oldest = (found[0].public_id, found[-1].public_id) if found else ("", "")
    older = oldest if more or newer else ""
    return Page(
        [row_of(row) for row in found], older, found[0].public_id if found and at and (more or not newer) else ""
    )


def each(wanted: Wanted) -> Iterator[list[Row]]:
    """All of them in batches, newest end first."""
    at: tuple[datetime, Any] | None = None
    while True:
        rows = _rows(wanted)
        if at:
            rows = rows.filter(_beyond(at, newer=False))
        batch = list(rows.order_by("-finished_at", "-id")[:BATCH])
        yield [row_of(row) for row in batch]
        if len(batch) < BATCH:
            return
        assert batch[-1].finished_at is not None
        at = (batch[-1].finished_at, batch[-1].pk)


def totals(wanted: Wanted) -> Sums:
    """All of them added up."""
    if not wanted.status and not wanted.verdict:
        return figures.totals(wanted.scope)
    return verdict_sums.total(wanted.scope, status=wanted.status, verdict=wanted.verdict)


def row_of(generation: Generation) -> Row:
    return Row(generation, generation.expected_cost if generation.status == Status.SUCCEEDED else 0)


def _rows(wanted: Wanted) -> QuerySet[Generation]:
    scope, at = wanted.scope, verdict_sums.moments(wanted.scope)
    day = RawSQL("generations_cost_day_of(generations_generation)", (), output_field=DateField())  # noqa: S611
    surely = Q(finished_at__gte=at["surely_since"], finished_at__lt=at["surely_until"])
    rows = (
        Generation.objects.select_related("team", "api_key")
        .defer("input", "lines", "receipt", "sources", "provider_urls", "metadata", "text")
        .filter(finished_at__gte=at["since"], finished_at__lt=at["until"])
        .alias(cost_day=day)
        .filter(surely | Q(cost_day__range=(scope.first, scope.last)))
    )
    asked = {
        "provider": scope.provider,
        "model": scope.model,
        "team": scope.team,
        "status": wanted.status,
        "cost_verdict": wanted.verdict,
    }
    rows = rows.filter(**{name: value for name, value in asked.items() if value})
    if scope.variant:
        rows = rows.filter(variant="" if scope.variant == NO_VARIANT else scope.variant)
    if scope.key is not None:
        rows = rows.filter(api_key=scope.key) if scope.key else rows.filter(api_key=None)
    return rows


def _place(public_id: str) -> tuple[datetime, Any] | None:
    wanted = ids.parse("gen", public_id)
    row = (
        Generation.objects.filter(pk=wanted, finished_at__isnull=False).only("finished_at").first() if wanted else None
    )
    return (row.finished_at, row.pk) if row and row.finished_at else None


def _beyond(at: tuple[datetime, Any], *, newer: bool) -> Q:
    side = "gt" if newer else "lt"
    bound = Q(**{f"finished_at__{side}e": at[0]})
    return bound & (Q(**{f"finished_at__{side}": at[0]}) | Q(**{f"id__{side}": at[1]}))
