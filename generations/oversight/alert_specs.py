"""What is watched, in which unit, and when it is wrong unless staff say otherwise.

A kind is wrong beyond `on_at` and calm again at `off_at`: "above" kinds go on above on_at and off at or below off_at,
"below" kinds the other way round. In between nothing changes, so that a figure near its threshold rings once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from generations.models import AlertKind, AlertRule
from project.money import dollars

Unit = Literal["share", "money", "days", "seconds", "count"]
DAY, HOUR, MINUTE = 86_400, 3_600, 60
PERCENT = 10_000  # parts per million
MOST: dict[Unit, int] = {"share": 100 * PERCENT, "money": 10**12, "days": 3_650, "seconds": DAY, "count": 10**6}


@dataclass(frozen=True)
class Spec:
    """A kind of alert. `figure` is what is measured, in words that fit before a number; `cases` what `at_least` counts,
    "" where every figure means something; `act` where one acts, below the site's address."""

    kind: AlertKind
    figure: str
    unit: Unit
    on_at: int
    off_at: int
    calm_seconds: int
    act: str
    below: bool = False
    cases: str = ""
    at_least: int = 0

    def beyond(self, value: int, rule: AlertRule) -> bool:
        """Whether the value is wrong by the rule."""
        return value < rule.on_at if self.below else value > rule.on_at

    def calm(self, value: int, rule: AlertRule) -> bool:
        """Whether the value is right again by the rule."""
        return value >= rule.off_at if self.below else value <= rule.off_at

    def worse(self, one: int, other: int) -> int:
        return min(one, other) if self.below else max(one, other)

    def shown(self, value: int) -> str:
        """The value as people read it: "2.5 %", "$12.00", "3 days", "95 s", "7"."""
        return shown(self.unit, value)

    def threshold(self, value: int) -> str:
        """ "below 7 days", "above 0.5 %"."""
        return f"{'below' if self.below else 'above'} {self.shown(value)}"

    @property
    def least(self) -> int:
        """The smallest threshold that can be set: only a margin may be negative."""
        return -MOST["share"] if self.kind == AlertKind.LOSS else 0


SPECS: dict[str, Spec] = {
    spec.kind: spec
    for spec in (
        Spec(
            AlertKind.LOSS,
            "Margin of a variant over the last 7 days",
            "share",
            on_at=0,
            off_at=0,
            calm_seconds=6 * HOUR,
            act="/admin/prices",
            below=True,
            cases="sales",
            at_least=1,
        ),
        Spec(
            AlertKind.GAP,
            "Open gaps between our books and a provider's balance",
            "money",
            on_at=0,
            off_at=0,
            calm_seconds=0,
            act="/admin/reconciliation/cases",
        ),
        Spec(
            AlertKind.BALANCE_LOW,
            "Days that a provider's balance lasts at the present rate",
            "days",
            on_at=7,
            off_at=10,
            calm_seconds=10 * MINUTE,
            act="/admin/reconciliation/balances",
            below=True,
        ),
        Spec(
            AlertKind.ERROR_RATE,
            "What failed at a provider in the last hour, by no fault of the request",
            "share",
            on_at=20 * PERCENT,
            off_at=10 * PERCENT,
            calm_seconds=10 * MINUTE,
            act="/admin/operations/providers",
            cases="ended generations",
            at_least=20,
        ),
        Spec(
            AlertKind.UNKNOWN_RATE,
            "Creates of unknown outcome in the last 24 hours",
            "share",
            on_at=PERCENT // 2,
            off_at=PERCENT // 4,
            calm_seconds=30 * MINUTE,
            act="/admin/operations/open",
            cases="creates",
            at_least=100,
        ),
        Spec(
            AlertKind.STUCK_HOLDS,
            "Holds still open 5 minutes after their deadline",
            "count",
            on_at=0,
            off_at=0,
            calm_seconds=5 * MINUTE,
            act="/admin/operations/open",
        ),
        Spec(
            AlertKind.HEARTBEAT,
            "How long a queue, or the check of the books, has stood still beyond its limit",
            "seconds",
            on_at=0,
            off_at=0,
            calm_seconds=3 * MINUTE,
            act="/admin/operations/queue",
        ),
        Spec(
            AlertKind.LEDGER,
            "Checks of the books that did not hold; nothing new is accepted until a person clears it",
            "count",
            on_at=0,
            off_at=0,
            calm_seconds=0,
            act="/admin/operations/books",
        ),
        Spec(
            AlertKind.CALLBACKS,
            "Forged or altered callbacks in the last hour",
            "count",
            on_at=10,
            off_at=2,
            calm_seconds=30 * MINUTE,
            act="/admin/operations/callbacks",
        ),
        Spec(
            AlertKind.LOST_TASK,
            "Open cases of what a provider billed and no team was charged for",
            "count",
            on_at=0,
            off_at=0,
            calm_seconds=0,
            act="/admin/reconciliation/cases",
        ),
    )
}


def shown(unit: Unit, value: int) -> str:
    """A value in its unit, as people read it; exact."""
    sign, size = ("\N{MINUS SIGN}" if value < 0 else ""), abs(value)
    match unit:
        case "share":
            whole, rest = divmod(size, PERCENT)
            return f"{sign}{whole:,}{f'.{rest:04}'.rstrip('0') if rest else ''} %"
        case "money":
            return f"{sign}{dollars(size)}"
        case "days":
            return f"{sign}{size:,} {'day' if size == 1 else 'days'}"
        case "seconds":
            return f"{sign}{size:,} s"
        case _:
            return f"{sign}{size:,}"
