"""Automatic recharge and the watch over the balance as their page and the wallet show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Sum

from accounts.models import Team
from billing import ledger, periods, recharges, restrictions
from billing.models import AutoRecharge, BalanceWatch, Origin, Payment, PaymentStatus, Period
from project import db

SHOWN = 10  # attempts


@dataclass(frozen=True)
class State:
    """A team's recharge now. `used` counts towards the month's ceiling (micro-dollars), `resets_at` is when the next
    month begins (UTC). `attempts` are the newest first; `under_way` is the one that is not decided yet."""

    row: AutoRecharge | None
    used: int
    resets_at: datetime
    attempts: Sequence[Payment]
    low_balance: int | None
    available: int
    restricted: bool

    @property
    def name(self) -> str:
        """no_card, off, stopped or on."""
        if self.row is None or not self.row.payment_method:
            return "no_card"
        if not self.row.enabled:
            return "off"
        return "stopped" if self.row.stopped_at else "on"

    @property
    def under_way(self) -> Payment | None:
        return next((row for row in self.attempts if row.status == PaymentStatus.PENDING), None)

    @property
    def at_ceiling(self) -> bool:
        """Whether what is missing to the target no longer fits into this month, while it is needed."""
        row = self.row
        return (
            self.name == "on"
            and row is not None
            and self.available < row.threshold
            and self.under_way is None
            and self.used + row.target - self.available > row.monthly_ceiling
        )

    @property
    def advice(self) -> str:
        return recharges.ADVICE.get(self.row.stopped_reason, "") if self.row else ""


def state(team: Team) -> State:
    """All of it, in a handful of queries."""
    moment = db.now()
    month = periods.start_of(Period.MONTH, moment)
    auto = Payment.objects.filter(team=team, origin=Origin.AUTO)
    watch = BalanceWatch.objects.filter(team=team).first()
    return State(
        row=AutoRecharge.objects.filter(team=team).first(),
        used=used_since(team, datetime(month.year, month.month, 1, tzinfo=UTC)),
        resets_at=periods.reset_of(Period.MONTH, moment),
        attempts=list(auto.order_by("-id")[:SHOWN]),
        low_balance=watch.low_balance if watch else None,
        available=ledger.wallet(team.pk).available.balance,
        restricted=restrictions.open_of(team) is not None,
    )


def used_since(team: Team, moment: datetime) -> int:
    """What automatic recharges that did not fail came to since then: as the database counts for the ceiling."""
    rows = Payment.objects.filter(team=team, origin=Origin.AUTO, created_at__gte=moment)
    total: int | None = rows.exclude(status=PaymentStatus.FAILED).aggregate(total=Sum("amount"))["total"]
    return total or 0
