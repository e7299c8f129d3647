"""The generations behind a figure: those whose revenue and cost stand in the days asked for. Read newest end first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import DateField, Q, QuerySet
from django.db.models.expressions import RawSQL

from generations import catalog
from generations.models import CostVerdict, Generation, Status
from generations.oversight import figures, verdict_sums
from generations.oversight.scopes import Scope
from generations.oversight.sums import Sums
from project.paging import Page, Window, page_of_rows, read_key
from project.times import instant, stamp

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


def page(wanted: Wanted, window: Window) -> Page[Row]:
    """One page of them, newest end first."""
    found = page_of_rows(
        _rows(wanted),
        window,
        fields=("finished_at", "id"),
        values=read_key(window, instant, UUID),
        newest_first=True,
        key_of=_key,
    )
    return Page([row_of(row) for row in found.rows], found.older, found.newer)


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
        .filter(scope.filters(), finished_at__gte=at["since"], finished_at__lt=at["until"])
        .alias(cost_day=day)
        .filter(surely | Q(cost_day__range=(scope.first, scope.last)))
    )
    asked = {"status": wanted.status, "cost_verdict": wanted.verdict}
    return rows.filter(**{name: value for name, value in asked.items() if value})


def _key(row: Generation) -> tuple[str, str]:
    assert row.finished_at is not None, "only what has ended is listed"
    return stamp(row.finished_at), row.pk.hex
