"""What a period's spending is beside the period before, in words and whole percent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from billing.spend import Spend


@dataclass(frozen=True)
class Against:
    """`change` is now less before (micro-dollars); `percent` is of before, rounded, without a sign; None where nothing
    was spent before. `since` is the team's first day, where it lies within the period before or after it."""

    change: int
    percent: int | None
    since: date | None = None

    @property
    def words(self) -> str:
        """`now 42 % more`, `as much`."""
        if not self.change or self.percent is None:
            return "" if self.change else "as much"
        amount = f"{self.percent:,} %" if self.percent else "less than 1 %"
        return f"now {amount} {'more' if self.change > 0 else 'less'}"

    @property
    def direction(self) -> str:
        """`up`, `down` or nothing."""
        if not self.words:
            return ""
        return "up" if self.change > 0 else "down" if self.change else ""


def of_spend(found: Spend, since: date) -> Against:
    """A period beside the one before it, of a team that is there `since` that day."""
    change, before = found.amount - found.before.amount, found.before.amount
    percent = (2 * abs(change) * 100 + before) // (2 * before) if before else None
    return Against(change, percent, since if since > found.before.first else None)


def average(found: Spend, since: date, today: date) -> int:
    """What a day of the period cost on average, in whole cents, rounded: of the days that have begun, from the team's
    first one on."""
    days = (min(found.last, today) - max(found.first, since)).days + 1
    cent = 10_000
    return (2 * found.amount + days * cent) // (2 * days * cent) * cent if days > 0 else 0
