"""What loses money: variants that were sold below what they cost, and prices in force below the expected cost.

Revenue and cost of a period are those of the sums by day (models/costs.py). Amounts in micro-dollars, shares in parts
per million (ppm).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from django.db.models import F, Sum

from generations import catalog, offers, pricing
from generations.models import ModelDay

MILLION = 1_000_000


@dataclass(frozen=True)
class Loss:
    """One variant that loses money. `kind` "sold": `count` successes of the period brought `revenue` and cost `cost`.
    "listed": the price in force of one unit (of a million tokens for a text) is `revenue`, rounded up, and it should
    cost `cost`; `count` is 0. `margin_ppm` is the share of the revenue that stayed (negative below cost); None
    without any revenue."""

    kind: Literal["sold", "listed"]
    provider: str
    model: str
    variant: str
    count: int
    revenue: int
    cost: int

    @property
    def margin(self) -> int:
        """What stayed; negative is what was lost."""
        return self.revenue - self.cost

    @property
    def margin_ppm(self) -> int | None:
        return margin_ppm(self.revenue, self.cost)

    @property
    def name(self) -> str:
        """`hailuo-2.3-pro 6-768P`: what an alert about it is known by."""
        return f"{self.model} {self.variant}".strip()


def losses(since: date, until: date, threshold_ppm: int = 0) -> list[Loss]:
    """Variants whose margin was below `threshold_ppm` of their revenue over the days from `since` to `until` (both
    within, UTC), the greatest loss first; then those whose price in force is below the expected cost of a unit.

    A variant that lost money in both ways is told twice, once of each kind. Two queries."""
    return [*sold_at_a_loss(since, until, threshold_ppm), *listed_at_a_loss()]


def sold_at_a_loss(since: date, until: date, threshold_ppm: int = 0) -> list[Loss]:
    """The losses over a period. Days are UTC, both ends within. One query."""
    rows = (
        ModelDay.objects.filter(day__gte=since, day__lte=until)
        .values("provider", "model", "variant")
        .annotate(earned=Sum("revenue"), spent=Sum("cost"), count=Sum("succeeded"))
        .filter(spent__gt=0)
        .order_by(F("earned") - F("spent"), "model", "variant")
    )
    found = [
        Loss("sold", row["provider"], row["model"], row["variant"], row["count"], row["earned"], row["spent"])
        for row in rows
    ]
    return [loss for loss in found if loss.margin_ppm is None or loss.margin_ppm < threshold_ppm]


def listed_at_a_loss() -> list[Loss]:
    """The prices in force that are below the expected cost of one unit, in the order of the catalogue. One query."""
    found = []
    for slug, version in offers.current_prices().items():
        entry = catalog.ENTRIES.get(slug)
        if entry is None:
            continue
        for unit in pricing.unit_prices(entry, offers.book_of(version)):
            if unit.below_cost:
                found.append(Loss("listed", entry.provider, slug, unit.key, 0, unit.price, unit.cost))
    return sorted(found, key=lambda loss: catalog.get(loss.model).position)


def margin_ppm(revenue: int, cost: int) -> int | None:
    """The share of the revenue that stays, in parts per million, rounded down; None without revenue."""
    return (revenue - cost) * MILLION // revenue if revenue else None
