"""Sums of costs and what follows from them: margin, its share, how sure the cost is. Micro-dollars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Self

from generations.pricing import MILLION


@dataclass(frozen=True)
class Sums:
    """The columns of the tables of days (models/costs.py), added up over what was asked for."""

    succeeded: int = 0
    failed: int = 0
    canceled: int = 0
    revenue: int = 0
    expected: int = 0
    actual: int = 0
    cost: int = 0
    at_risk: int = 0
    matched: int = 0
    over: int = 0
    under: int = 0
    unreported: int = 0
    unattributed: int = 0

    @classmethod
    def of(cls, values: Sequence[int | None]) -> Self:
        """From values in the order of COLUMNS; none is 0."""
        return cls(*(int(value or 0) for value in values))

    @classmethod
    def total(cls, rows: Iterable[Self]) -> Self:
        return cls(*map(sum, zip(*map(_VALUES, rows), strict=True)))

    def less(self, other: Self) -> Self:
        """These without the others."""
        return type(self)(*map(int.__sub__, _VALUES(self), _VALUES(other)))

    @property
    def ended(self) -> int:
        return self.succeeded + self.failed + self.canceled

    @property
    def margin(self) -> int:
        """What stays of the revenue after the best-known cost; negative for a loss."""
        return self.revenue - self.cost

    @property
    def margin_ppm(self) -> int | None:
        """The margin's share of the revenue in parts per million, rounded down; None without any revenue."""
        return self.margin * MILLION // self.revenue if self.revenue else None

    @property
    def reported_ppm(self) -> int | None:
        """How much of the best-known cost providers have said themselves; None without any cost."""
        return self.actual * MILLION // self.cost if self.cost else None

    @property
    def nothing(self) -> bool:
        return not any(_VALUES(self))


COLUMNS = tuple(field.name for field in fields(Sums))
_VALUES = attrgetter(*COLUMNS)
