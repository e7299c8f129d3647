"""Stripe as the random lives know it: what it would show of a payment, now or at an earlier look."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from billing.stripe_seen import DisputeSeen, IntentStatus, PaymentSeen, RefundSeen

_numbers = itertools.count(1)


@dataclass
class AtStripe:
    """One payment there. `amount` is micro-dollars; `looks` is everything that it has ever shown."""

    pk: int
    amount: int
    intent: str = field(default_factory=lambda: f"pi_life_{next(_numbers)}")
    paid: bool = False
    refunds: dict[str, RefundSeen] = field(default_factory=dict)
    disputes: dict[str, DisputeSeen] = field(default_factory=dict)
    looks: list[PaymentSeen] = field(default_factory=list)

    @property
    def contested(self) -> bool:
        return any(each.status != "won" for each in self.disputes.values())

    @property
    def went_back(self) -> int:
        """What is left of it neither with us nor on its way to us: refunded, or lost."""
        refunds = sum(each.amount for each in self.refunds.values() if each.status != "failed")
        return refunds + sum(each.amount for each in self.disputes.values() if each.status == "lost")

    @property
    def left(self) -> int:
        """What could still be refunded there."""
        return self.amount - sum(each.amount for each in self.refunds.values() if each.status != "failed")

    def pay(self) -> None:
        self.paid = True

    def refund(self, amount: int, *, ours: str = "", status: str = "succeeded") -> None:
        number = f"re_life_{next(_numbers)}"
        self.refunds[number] = RefundSeen(number, amount, status, ours)

    def refund_becomes(self, status: str) -> None:
        """The last refund: pending -> succeeded or failed, succeeded -> failed."""
        number = next(reversed(self.refunds), None)
        if number is None or self.refunds[number].status == "failed":
            return
        seen = self.refunds[number]
        self.refunds[number] = RefundSeen(seen.id, seen.amount, status, seen.ours)

    def dispute(self) -> None:
        if self.left:
            number = f"du_life_{next(_numbers)}"
            self.disputes[number] = DisputeSeen(number, self.left, "open")

    def dispute_ends(self, status: str) -> None:
        for number, seen in self.disputes.items():
            if seen.status == "open":
                self.disputes[number] = DisputeSeen(seen.id, seen.amount, status)

    def look(self) -> PaymentSeen:
        seen = PaymentSeen(
            intent=self.intent,
            status=IntentStatus.SUCCEEDED if self.paid else IntentStatus.OPEN,
            session_over=self.paid,
            received=self.amount if self.paid else 0,
            currency="usd",
            card="visa 4242",
            refunds=tuple(self.refunds.values()),
            disputes=tuple(self.disputes.values()),
        )
        self.looks.append(seen)
        return seen
