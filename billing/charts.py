"""Bar charts as figures for a template that draws them as SVG: whole numbers in the chart's own units, no styles.

A chart is 720 units wide; what it shows stands beside it as a table, so it is one picture to whoever cannot see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from project.money import USD, dollars

WIDTH, HEIGHT = 720, 200
LEFT, TOP, BOTTOM = 64, 12, 24  # room for the words at the edges
TENTHS = 10  # positions are exact to a tenth of a unit


@dataclass(frozen=True)
class Bar:
    """One bar: where it stands (text, in units) and what it says."""

    x: str
    y: str
    width: str
    height: str
    label: str


@dataclass(frozen=True)
class Line:
    """A level that the bars are measured by."""

    y: str
    label: str


@dataclass(frozen=True)
class Tick:
    """A day below the bars."""

    x: str
    label: str


@dataclass(frozen=True)
class Days:
    """A bar for every day that has any amount. `title` says what it is and what is most of it."""

    title: str
    bars: list[Bar]
    lines: list[Line]
    ticks: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT


def of_days(days: Sequence[tuple[date, int]]) -> Days | None:
    """The chart of amounts by day (micro-dollars); None where there is nothing to draw."""
    most = max((amount for _, amount in days), default=0)
    if not most:
        return None
    top, floor = ceiling(most), HEIGHT - BOTTOM
    room = floor - TOP
    step = (WIDTH - LEFT) * TENTHS // len(days)
    gap = max(step // 5, 1)
    bars = []
    for place, (day, amount) in enumerate(days):
        if amount:
            height = max(room * TENTHS * amount // top, TENTHS)  # what was spent can be seen
            bars.append(
                Bar(
                    x=_units(LEFT * TENTHS + place * step),
                    y=_units(floor * TENTHS - height),
                    width=_units(max(step - gap, 1)),
                    height=_units(height),
                    label=f"{day}: {dollars(amount)}",
                )
            )
    best = max(days, key=lambda item: item[1])
    places = sorted({0, len(days) // 2, len(days) - 1}) if len(days) > 2 else range(len(days))
    return Days(
        title=f"Spent by day from {days[0][0]} to {days[-1][0]}; most on {best[0]}: {dollars(best[1])}",
        bars=bars,
        lines=[Line(_units((floor - room * part // 2) * TENTHS), _short(top * part // 2)) for part in (0, 1, 2)],
        ticks=[Tick(_units(LEFT * TENTHS + place * step + step // 2), days[place][0].isoformat()) for place in places],
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


def _short(amount: int) -> str:
    """`$5`, `$0.50`: a round amount without zeros after its point."""
    return f"${amount // USD:,}" if amount % USD == 0 else dollars(amount)


def _units(tenths: int) -> str:
    return f"{tenths // TENTHS}.{tenths % TENTHS}"
