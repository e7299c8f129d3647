"""What loses money: variants that were sold below what they cost, and prices in force below the expected cost.

Revenue and cost of a period are those of the sums by day (models/costs.py). Amounts in micro-dollars, shares in parts
per million (ppm).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import F, Sum

from generations import catalog, offers
from generations.models import ModelDay
from generations.oversight import below_cost
from generations.oversight.below_cost import Discounted
from generations.oversight.sums import Sums
from project import db


@dataclass(frozen=True)
class Loss:
    """One variant that loses money. Sold: `count` successes of the period brought `revenue` and cost `cost`. Listed:
    the price in force of one unit (of a million tokens for a text) is `revenue`, rounded up, and it should cost `cost`;
    `count` is 0. `discounted` where only teams with a discount pay less than it costs: `revenue` is what the one with
    the largest pays."""

    provider: str
    model: str
    variant: str
    count: int
    revenue: int
    cost: int
    discounted: Discounted | None = None

    @property
    def margin(self) -> int:
        """What stayed; negative is what was lost."""
        return self.revenue - self.cost

    @property
    def margin_ppm(self) -> int | None:
        """The share of the revenue that stayed (negative below cost), in parts per million, rounded down; None without
        any revenue."""
        return Sums(revenue=self.revenue, cost=self.cost).margin_ppm

    @property
    def name(self) -> str:
        """`hailuo-2.3-pro 6-768P`: what an alert about it is known by."""
        return f"{self.model} {self.variant}".strip()

    @property
    def whose(self) -> str:
        """Whom it is sold to below cost."""
        return self.discounted.who if self.discounted else "all teams"


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
        Loss(row["provider"], row["model"], row["variant"], row["count"], row["earned"], row["spent"]) for row in rows
    ]
    return [loss for loss in found if loss.margin_ppm is None or loss.margin_ppm < threshold_ppm]


def listed_at_a_loss() -> list[Loss]:
    """The prices in force that are below the expected cost of one unit, in the order of the catalogue; after those of
    a model that are so for all teams those that are so for teams with a discount. Two queries, and the clock."""
    found: list[Loss] = []
    prices = offers.current_prices()
    now = db.now()
    held = below_cost.held_on(prices.keys() & catalog.ENTRIES.keys(), start=now, until=now)
    for slug, entry in catalog.ENTRIES.items():
        if slug not in prices:
            continue
        book = offers.book_of(prices[slug])
        found += [
            Loss(entry.provider, slug, unit.key, 0, unit.price, unit.cost) for unit in below_cost.units(entry, book)
        ]
        found += [
            Loss(entry.provider, slug, each.unit.key, 0, each.unit.price, each.unit.cost, each)
            for each in below_cost.discounted(entry, book, held[slug])
        ]
    return sorted(found, key=lambda loss: catalog.get(loss.model).position)
