"""What balances, budgets and states ought to be, worked out beside the application with nothing but arithmetic."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from accounts.actors import Actor
from generations.submission import Claim

MILLION = 1_000_000
OPEN = ("queued", "submitting", "unknown", "running", "storing")
MOST_ATTEMPTS = 5
FLUX, QWEN, TEXT = "flux-kontext-pro", "qwen-image-edit-plus", "prompt-expansion-text"
PROVIDERS = {FLUX: "kie", QWEN: "fal", TEXT: "fal"}


def marked_up(amount: int, ppm: int) -> int:
    """An amount with a margin of parts per million, rounded up to a whole micro-dollar."""
    exact, rest = divmod(amount * (MILLION + ppm), MILLION)
    return exact + bool(rest)


@dataclass
class Price:
    """A price in force: of an image, or of a text (then `rate` is the hold, which depends on its words)."""

    rate: int
    ppm: int

    def of(self, count: int) -> int:
        return marked_up(self.rate * count, self.ppm)


@dataclass
class Purse:
    """One team: its money, its key's cap and what counts against it."""

    actor: Actor
    image: str  # an upload of its own
    available: int = 0
    held: int = 0
    cap: int | None = None
    cap_used: int = 0
    cap_held: int = 0
    suspended: bool = False
    answers: dict[str, tuple[str, int]] = field(default_factory=dict)  # key -> (what was asked, status)

    def refusal(self, hold: int) -> str | None:
        """Which limit refuses a hold: the tightest that does, the budget where both leave the same."""
        if self.cap is not None and self.cap_used + self.cap_held + hold > self.cap:
            left = max(self.cap - self.cap_used - self.cap_held, 0)
            return "insufficient_credit" if self.available < left else "budget_exceeded"
        return "insufficient_credit" if hold > self.available else None


@dataclass
class Quoted:
    """A stored quote."""

    purse: Purse
    public_id: str
    asked: str
    price: Price
    hold: int
    expired: bool = False


@dataclass
class Work:
    """One generation."""

    pk: uuid.UUID
    purse: Purse
    model: str
    price: Price
    hold: int
    requested: int
    capped: bool
    status: str = "queued"
    charged: int | None = None
    attempts: int = 0
    claim: Claim | None = None  # the newest
    outcome: str = ""  # of the newest attempt
    task: str | None = None
    sources: int = 0
    stored: int = 0
    late: set[str] = field(default_factory=set)

    @property
    def provider(self) -> str:
        return PROVIDERS[self.model]

    @property
    def ended(self) -> bool:
        return self.status not in OPEN

    def accepted(self) -> None:
        """Its hold is set aside."""
        self.purse.available -= self.hold
        self.purse.held += self.hold
        if self.capped:
            self.purse.cap_held += self.hold

    def end(self, status: str, *, charged: int = 0) -> None:
        """It has ended: what was charged is gone, the rest is back."""
        assert not self.ended
        assert 0 <= charged <= self.hold
        self.status, self.charged = status, charged
        self.purse.held -= self.hold
        self.purse.available += self.hold - charged
        if self.capped:
            self.purse.cap_held -= self.hold
            self.purse.cap_used += charged

    def fail(self) -> None:
        if not self.ended:
            self.end("failed")
