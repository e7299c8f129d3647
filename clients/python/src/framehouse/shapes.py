"""What the API answers, as frozen dataclasses. What an answer has beyond them stands in `raw`; what it lacks is None or
empty: an answer about a paid generation is never lost to a field that a release added or left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from framehouse.money import Money

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """`raw` is the JSON as it came."""

    raw: Json = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Model(Shape):
    slug: str
    name: str
    kind: str  # video, image, text
    available: bool
    note: str  # why it cannot be used right now; often empty
    typical_seconds: int | None
    input_schema: Json  # JSON Schema of `input`
    price: Json


@dataclass(frozen=True, kw_only=True)
class Quote(Shape):
    id: str
    model: str
    input: Json  # with its defaults
    lines: tuple[Json, ...]
    price: Money
    hold: Money
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class BatchQuoteItem(Shape):
    """Either priced, or with the problem that refuses it in `error`."""

    index: int
    model: str | None
    input: Json | None
    lines: tuple[Json, ...]
    price: Money | None
    hold: Money | None
    error: Json | None


@dataclass(frozen=True, kw_only=True)
class BatchQuote(Shape):
    id: str
    count: int
    items: tuple[BatchQuoteItem, ...]
    price: Money
    hold: Money
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Output(Shape):
    url: str  # works for some hours; every answer has a fresh one
    kind: str
    content_type: str
    width: int | None
    height: int | None
    duration: float | None  # seconds
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class GenerationError(Shape):
    code: str
    message: str
    retryable: bool


@dataclass(frozen=True, kw_only=True)
class Generation(Shape):
    id: str
    model: str
    status: str  # queued, submitting, running, storing, unknown; at its end succeeded, failed, canceled
    input: Json
    outputs: tuple[Output, ...]
    text: str | None
    outputs_deleted_at: datetime | None  # when the team deleted what it made
    error: GenerationError | None
    price: Money
    held: Money
    charged: Money
    refunded: Money
    metadata: Mapping[str, str]
    created_at: datetime
    submitted_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime
    waits_for: str | None  # why it stays queued for now: its model is paused
    urls: Mapping[str, str]

    @property
    def ended(self) -> bool:
        return self.status in ("succeeded", "failed", "canceled")


@dataclass(frozen=True, kw_only=True)
class GenerationEvent(Shape):
    """One line of a generation's history."""

    id: str
    kind: str
    data: Json
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Receipt(Shape):
    generation: str
    model: str
    price_version: int
    requested: int  # outputs
    delivered: int
    quoted: Money
    held: Money
    charged: Money
    released: Money
    formula: str  # how the charge came about, as one sentence
    lines: tuple[Json, ...]
    paid_with: tuple[Json, ...]
    transfers: tuple[str, ...]  # the lines of the ledger
    held_at: datetime
    captured_at: datetime | None
    released_at: datetime | None
    settled_at: datetime


@dataclass(frozen=True, kw_only=True)
class BatchItem(Shape):
    index: int
    status: str  # accepted, refused
    generation: Generation | None
    error: Json | None


@dataclass(frozen=True, kw_only=True)
class Batch(Shape):
    id: str
    name: str | None
    mode: str
    count: int
    accepted: int
    refused: int
    price: Money
    held: Money
    items: tuple[BatchItem, ...]
    created_at: datetime
    urls: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Upload(Shape):
    id: str
    url: str  # stands in any image field, as the id may
    content_type: str
    width: int
    height: int
    bytes: int | None
    created_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Wallet(Shape):
    """balance = held + available."""

    balance: Money
    held: Money
    available: Money
    frozen: Money | None  # by a dispute
    open_holds: int
    holds: tuple[Json, ...]


@dataclass(frozen=True, kw_only=True)
class Entry(Shape):
    """One line of the statement."""

    id: str
    kind: str
    amount: Money  # what it did to the balance
    balance_after: Money
    available_change: Money
    available_after: Money
    held_change: Money
    held_after: Money
    generation: str | None
    payment: str | None
    description: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Key(Shape):
    id: str
    name: str
    scopes: tuple[str, ...]
    allowed_models: tuple[str, ...]
    allowed_ips: tuple[str, ...]
    limits: tuple[Json, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class WebhookEndpoint(Shape):
    id: str
    url: str
    description: str
    events: tuple[str, ...]  # empty: all
    status: str  # enabled, disabled
    disabled_reason: str | None
    failing_since: datetime | None
    created_at: datetime
    previous_secret_expires_at: datetime | None
    secret: str | None = field(repr=False)  # only in the answers of create and rotate


@dataclass(frozen=True, kw_only=True)
class WebhookSecret(Shape):
    """The team's own secret, for the `webhook_url` of single generations."""

    created_at: datetime | None
    previous_expires_at: datetime | None
    secret: str | None = field(repr=False)  # only in the answer of rotate


@dataclass(frozen=True, kw_only=True)
class Delivery(Shape):
    id: str
    event: Json
    endpoint: str | None
    url: str
    status: str  # pending, delivered, failed, canceled
    tries: int
    next_try_at: datetime | None
    last_status: int | None
    created_at: datetime
    ended_at: datetime | None
    body: Any  # this and attempts only where one delivery is asked for
    attempts: tuple[Json, ...]
