"""What we saw at Stripe, in our words and in micro-dollars. Frozen: it is read outside, and applied inside a
transaction. `stripe_gateway` makes these; nobody else reads Stripe's objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class IntentStatus(StrEnum):
    """What Stripe says of the money: `open` covers whatever may still become paid."""

    OPEN = "open"
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    CANCELED = "canceled"


@dataclass(frozen=True)
class RefundSeen:
    """`ours` is the hex of our Refund's uuid, from its metadata; empty for one made at Stripe. `status` is pending,
    succeeded or failed (canceled ones count as failed)."""

    id: str
    amount: int
    status: str
    ours: str = ""


@dataclass(frozen=True)
class DisputeSeen:
    """`status` is open, won, lost or dropped; an inquiry that took no money is not listed at all."""

    id: str
    amount: int
    status: str


@dataclass(frozen=True)
class PaymentSeen:
    """A payment as it is at Stripe now. `session_over`: nobody can pay by its Checkout page any more (expired, or
    there never was one). `received` is micro-dollars, `currency` lower case, `card` such as "visa 4242"."""

    intent: str | None
    status: IntentStatus
    session_over: bool
    received: int = 0
    currency: str = ""
    customer: str = ""
    payment_method: str = ""
    card: str = ""
    failure: str = ""
    refunds: tuple[RefundSeen, ...] = field(default=())
    disputes: tuple[DisputeSeen, ...] = field(default=())


@dataclass(frozen=True)
class EventSeen:
    """An event of Stripe's list or of a webhook whose signature was checked. `raw` is its JSON as it came."""

    id: str
    type: str
    object_id: str
    account: str
    livemode: bool
    api_version: str
    created_at: datetime
    raw: str


@dataclass(frozen=True)
class EventAbout:
    """What an event says of whom it is about: our payment's public id where the object carries it. Empty: unknown."""

    session: str
    intent: str
    payment: str


class StripeFailed(Exception):
    """Stripe's answer, or that there was none. `sent` is False where it is certain that nothing was done there."""

    def __init__(self, what: str, *, sent: bool = True) -> None:
        super().__init__(what)
        self.sent = sent


class Declined(Exception):
    """The card was not charged, for sure. `reason` is one of billing.models.Failure."""

    def __init__(self, reason: str, *, intent: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.intent = intent


class Refused(Exception):
    """Stripe refused what we asked, for sure, and nothing was done. `code` is Stripe's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code
