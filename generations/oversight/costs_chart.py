"""The chart of the desk of costs: revenue and cost of each day (of each week beyond 92 days) as two bars side by side.

Drawn like the teams' own charts (billing/charts.py): whole numbers for an SVG, its words beside it as text. Cost is
striped, so that the two are told apart without color; the table of days below says the same in figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billing import charts
from billing.charts import Step, Tick
from generations.oversight import figures
from generations.oversight.figures import Figures
from generations.oversight.sums import Sums
from project.money import dollars


@dataclass(frozen=True)
class Pair:
    """The bars of one step: where they stand and how high they are (text, in units), and what they say."""

    step: Step
    sums: Sums
    label: str
    x: str
    column: str
    width: str
    revenue_x: str
    revenue_y: str
    revenue_height: str
    cost_x: str
    cost_y: str
    cost_height: str


@dataclass(frozen=True)
class Chart:
    """`levels` are what the bars are measured by, the highest first; `worst` is the step with the least margin."""

    by_week: bool
    pairs: list[Pair]
    levels: list[str]
    ticks: list[Tick]
    worst: Pair
    width: int = charts.WIDTH
    height: int = charts.HEIGHT
    middle: int = charts.HEIGHT // 2


def of_figures(found: Figures) -> Chart | None:
    """The chart of a question; None where there is nothing to draw."""
    steps = [
        (Step(date.fromisoformat(line.id), date.fromisoformat(line.about), line.sums.revenue, []), line.sums)
        for line in figures.steps(found)
    ]
    most = max(max(sums.revenue, sums.cost) for _, sums in steps)
    if not most:
        return None
    top = charts.ceiling(most)
    pairs = [_pair(place, len(steps), step, sums, top) for place, (step, sums) in enumerate(steps)]
    return Chart(
        by_week=found.scope.length > charts.MOST_BARS,
        pairs=pairs,
        levels=[charts.short(top), charts.short(top // 2) if top > 1 else "", "$0"],
        ticks=charts.ticks_of([step for step, _ in steps]),
        worst=min(pairs, key=lambda pair: pair.sums.margin),
    )


def _pair(place: int, count: int, step: Step, sums: Sums, top: int) -> Pair:
    width = charts.WIDTH * charts.TENTHS // count
    gap = max(width // 5, 1)
    half = max((width - gap) // 2, 1)
    left = place * width + gap // 2
    revenue, cost = _height(sums.revenue, top), _height(sums.cost, top)
    floor = charts.HEIGHT * charts.TENTHS
    return Pair(
        step=step,
        sums=sums,
        label=f"{step.name}: revenue {dollars(sums.revenue)}, cost {dollars(sums.cost)}, margin {dollars(sums.margin)}",
        x=charts.units(place * width),
        column=charts.units(width),
        width=charts.units(half),
        revenue_x=charts.units(left),
        revenue_y=charts.units(floor - revenue),
        revenue_height=charts.units(revenue),
        cost_x=charts.units(left + half),
        cost_y=charts.units(floor - cost),
        cost_height=charts.units(cost),
    )


def _height(amount: int, top: int) -> int:
    """In tenths of units; at least one unit for whatever is there."""
    floor = charts.HEIGHT * charts.TENTHS
    return max(floor * amount // top, charts.TENTHS) if amount > 0 else 0
