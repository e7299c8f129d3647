"""Bar charts as figures for a template that draws them as SVG: whole numbers in the chart's own units, no styles.

The picture holds bars alone and is stretched to the room that there is; its words stand beside it as text, so that
they are read at their own size on every screen. The same figures lie behind it as a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from billing.spend import Spend
from project.money import USD, dollars

WIDTH, HEIGHT = 1000, 200
TENTHS = 10  # positions are exact to a tenth of a unit
MOST_BARS = 92  # a quarter's days; longer periods are drawn by week
SAID = 8  # bars that have their amount below them
DATED = 14  # bars that have their date below them; of more, every so many
SPREAD = 5


@dataclass(frozen=True)
class Step:
    """A day, or the days of a week that lie in the period: what a bar stands for. `parts` are in the order of the
    series; where there are none, `amount` is all."""

    first: date
    last: date
    amount: int
    parts: list[int]

    @property
    def name(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"


@dataclass(frozen=True)
class Part:
    """A piece of a bar. `place` is its series' number, from 1."""

    place: int
    y: str
    height: str


@dataclass(frozen=True)
class Bar:
    """What was spent in a step: where its column stands (text, in units), its pieces from the bottom up, and what it
    says."""

    step: Step
    x: str
    bar_x: str
    column: str
    width: str
    parts: list[Part]
    label: str
    largest: bool


@dataclass(frozen=True)
class Tick:
    """What stands below a bar: its date, and its amount where there is room; often nothing. A minor one is left out on
    a narrow screen."""

    label: str
    amount: str
    minor: bool


@dataclass(frozen=True)
class Chart:
    """A bar for every step. `levels` are what the bars are measured by, the highest first. `largest` is the bar that
    is read out where none was chosen."""

    title: str
    by_week: bool
    bars: list[Bar]
    levels: list[str]
    ticks: list[Tick]
    largest: Bar
    width: int = WIDTH
    height: int = HEIGHT
    middle: int = HEIGHT // 2


def steps_of(found: Spend) -> list[Step]:
    """The bars of a period: its days, or its weeks where it has more than 92 of them (Monday to Sunday, cut at the
    period's ends)."""
    days = [day for day, _ in found.days]
    return [
        Step(
            days[places[0]],
            days[places[-1]],
            sum(found.days[place][1] for place in places),
            [sum(one.days[place] for place in places) for one in found.series],
        )
        for places in grouped(days)
    ]


def grouped(days: Sequence[date]) -> list[list[int]]:
    """The places of the days that share a bar: each its own, or the weeks (Monday to Sunday) of more than 92."""
    by_week = len(days) > MOST_BARS
    groups: list[list[int]] = []
    for place, day in enumerate(days):
        if not groups or not by_week or day.weekday() == 0:
            groups.append([])
        groups[-1].append(place)
    return groups


def of_spend(found: Spend) -> Chart | None:
    """The chart of a period; None where there is nothing to draw."""
    steps = steps_of(found)
    most = max((step.amount for step in steps), default=0)
    if not most:
        return None
    top = ceiling(most)
    names = [one.name for one in found.series]
    width = WIDTH * TENTHS // len(steps)
    gap = max(width // 5, 1)
    best = max(range(len(steps)), key=lambda place: steps[place].amount)
    bars = [
        Bar(
            step=step,
            x=units(place * width),
            bar_x=units(place * width + gap // 2),
            column=units(width),
            width=units(max(width - gap, 1)),
            parts=_parts(step, top),
            label=_label(step, names),
            largest=place == best,
        )
        for place, step in enumerate(steps)
    ]
    by_week = len(found.days) > MOST_BARS
    return Chart(
        title=f"Spent by {'week' if by_week else 'day'} from {found.first} to {found.last}",
        by_week=by_week,
        bars=bars,
        levels=[short(top), short(top // 2) if top > 1 else "", "$0"],
        ticks=ticks_of(steps),
        largest=bars[best],
    )


def share(part: int, whole: int) -> int:
    """The length of a bar of 100 units; at least one for whatever is there."""
    return max(100 * part // whole, 1) if part and whole else 0


def ceiling(amount: int) -> int:
    """The next round amount: 1, 2 or 5 with zeros."""
    power = 1
    while power * 10 < amount:
        power *= 10
    return next(power * step for step in (1, 2, 5, 10) if power * step >= amount)


def _parts(step: Step, top: int) -> list[Part]:
    """The pieces from the bottom up: each edge is where the sum so far is, so that they make the whole bar. What was
    spent can be seen: the bar is at least a unit high."""
    floor, parts, below = HEIGHT * TENTHS, [], 0
    stretch = max(floor * step.amount // top, TENTHS) if step.amount else 0
    for place, amount in enumerate(step.parts or [step.amount], 1):
        low, high = (stretch * edge // step.amount if step.amount else 0 for edge in (below, below + amount))
        below += amount
        if high > low:
            parts.append(Part(place, units(floor - high), units(high - low)))
    return parts


def _label(step: Step, names: Sequence[str]) -> str:
    said = [f"{name} {dollars(amount)}" for name, amount in zip(names, step.parts, strict=False) if amount]
    return f"{step.name}: {dollars(step.amount)}{': ' if said else ''}{', '.join(said)}"


def ticks_of(steps: Sequence[Step]) -> list[Tick]:
    """What stands below each bar."""
    count = len(steps)
    few = count <= DATED
    dated = list(range(count)) if few else [place * (count - 1) // (SPREAD - 1) for place in range(SPREAD)]
    return [
        Tick(
            _date(step.first, short=few and place > 0 and step.first.day > 1) if place in dated else "",
            _about(step.amount) if count <= SAID and step.amount else "",
            minor=not few and place in dated[1::2],
        )
        for place, step in enumerate(steps)
    ]


def _date(day: date, *, short: bool) -> str:
    """`Nov 7`; the day alone beside others of its month."""
    return str(day.day) if short else f"{day:%b} {day.day}"


def short(amount: int) -> str:
    """`$5`, `$0.50`: a round amount without zeros after its point."""
    return f"${amount // USD:,}" if amount % USD == 0 else dollars(amount)


def _about(amount: int) -> str:
    """Dollars and cents, rounded: where there is room for no more."""
    cents = (amount + USD // 200) // (USD // 100)
    return f"${cents // 100:,}.{cents % 100:02}" if cents else "<$0.01"


def units(tenths: int) -> str:
    """Tenths of a unit as a number in SVG."""
    return f"{tenths // TENTHS}.{tenths % TENTHS}"
