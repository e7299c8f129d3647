"""The lines of the tables of costs, and the orders that they can stand in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from generations.oversight.sums import Sums
from generations.oversight.trends import Trend


class By(StrEnum):
    """What figures are told apart by."""

    DAY = "day"
    PROVIDER = "provider"
    MODEL = "model"
    VARIANT = "variant"
    TEAM = "team"
    KEY = "key"


OF_TEAMS = (By.TEAM, By.KEY)  # too many to show all


class Order(StrEnum):
    """What lines are ordered by."""

    REVENUE = "revenue"
    COST = "cost"
    MARGIN = "margin"
    RATE = "rate"
    CHANGE = "change"
    RISK = "risk"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class Sort:
    """An order, and whether the largest come first."""

    by: Order = Order.REVENUE
    descending: bool = True

    def __str__(self) -> str:
        return f"{'-' if self.descending else ''}{self.by}"


@dataclass(frozen=True)
class Line:
    """The figures of one of them. `id` is what an address takes for it, `about` a second id (a variant's model, a
    key's team's, a week's last day). `was_revenue` and `was_cost` are of the days before."""

    by: By
    id: str
    name: str
    sums: Sums
    was_revenue: int = 0
    was_cost: int = 0
    about: str = ""
    about_name: str = ""
    day: date | None = None

    @property
    def revenue(self) -> Trend:
        return Trend(self.sums.revenue, self.was_revenue)

    @property
    def margin(self) -> Trend:
        return Trend(self.sums.margin, self.was_revenue - self.was_cost)


@dataclass(frozen=True)
class Table:
    """Lines in their order, out of `count`; `rest` adds up those that are not among them."""

    by: By
    lines: list[Line]
    count: int
    rest: Line | None = None


_KEYS: dict[Order, Callable[[Line], int]] = {
    Order.REVENUE: lambda line: line.sums.revenue,
    Order.COST: lambda line: line.sums.cost,
    Order.MARGIN: lambda line: line.sums.margin,
    Order.RATE: lambda line: line.sums.margin_ppm or 0,
    Order.CHANGE: lambda line: line.revenue.change,
    Order.RISK: lambda line: line.sums.at_risk,
    Order.SUCCEEDED: lambda line: line.sums.succeeded,
    Order.FAILED: lambda line: line.sums.failed,
}


def ordered(lines: Iterable[Line], sort: Sort) -> list[Line]:
    """In the order asked for; equals by name. Those without revenue have no rate: they come last."""
    sign, key = -1 if sort.descending else 1, _KEYS[sort.by]
    absent = sort.by == Order.RATE
    return sorted(
        lines, key=lambda line: (absent and not line.sums.revenue, sign * key(line), line.about, line.name, line.id)
    )
