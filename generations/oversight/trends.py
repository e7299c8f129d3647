"""A figure beside that of the days before, in words that claim nothing where there was nothing to compare with."""

from __future__ import annotations

from dataclasses import dataclass

from generations.pricing import MILLION


@dataclass(frozen=True)
class Trend:
    """What a figure is now and what it was before, in the same unit."""

    now: int
    was: int

    @property
    def change(self) -> int:
        return self.now - self.was

    @property
    def ppm(self) -> int | None:
        """The change in parts per million of what was, rounded to the nearest; None where that was nothing or a loss:
        a share of those says nothing."""
        if self.was <= 0:
            return None
        return (2 * self.change * MILLION + self.was) // (2 * self.was)

    @property
    def direction(self) -> str:
        """`up`, `down` or nothing."""
        return "up" if self.change > 0 else "down" if self.change < 0 else ""

    @property
    def words(self) -> str:
        """`+12.3 %`, `as before`, `nothing before`."""
        if not self.change:
            return "as before" if self.was else "nothing before either"
        if not self.was:
            return "nothing before"
        return "a loss before" if self.ppm is None else percent(self.ppm, signed=True)


def percent(ppm: int | None, *, signed: bool = False) -> str:
    """`12.3 %` of 123,000 parts per million, to a tenth, rounded; `-` for a negative one; nothing for None."""
    if ppm is None:
        return ""
    tenths = (abs(ppm) + 500) // 1_000
    if not tenths and ppm:
        return "less than 0.1 %" if ppm > 0 else "less than \N{MINUS SIGN}0.1 %"
    sign = "\N{MINUS SIGN}" if ppm < 0 else "+" if signed and ppm > 0 else ""
    return f"{sign}{tenths // 10:,}.{tenths % 10} %"
