"""The answers of the calls about money, for the OpenAPI document (see project.schemas)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from accounts.schemas import KeyFacts
from billing.models import TransferKind
from billing.spend import By
from project.schemas import HEX, TIME, Answer, Day, Money, Schema, Time, Whole, answer_id, page_of

GenerationId = Annotated[str, answer_id("gen")]
# What a hold was for, in its own words: billing never hears of generations.
Reference = Annotated[str, Field(pattern="^[a-z]+_[0-9a-f]{32}$", examples=[f"gen_{HEX}"])]


class OpenHold(Answer):
    """Credit set aside for a generation under way."""

    generation: GenerationId
    amount: Money
    created_at: Time


class Wallet(Answer):
    """What the team has: `balance` is `held` and `available` together."""

    balance: Money
    held: Money
    available: Money
    frozen: Annotated[Money, Field(default=None, description="Beside the balance: frozen by a payment's dispute.")]
    open_holds: Annotated[int, Field(ge=0, description="How many there are.")]
    holds: Annotated[list[OpenHold], Field(description="The newest of them.")]


class Entry(Answer):
    """One line of the statement."""

    id: Annotated[str, answer_id("txn")]
    kind: TransferKind
    amount: Annotated[Money, Field(description="What it did to the balance; a hold or a release does nothing.")]
    balance_after: Money
    available_change: Money
    available_after: Money
    held_change: Money
    held_after: Money
    generation: Reference | None
    payment: Annotated[str, answer_id("pay")] | None
    description: str
    created_at: Time


class Counts(Answer):
    """How many transfers each part is of."""

    bought: Whole
    granted: Whole
    charged: Whole
    expired: Whole
    taken_back: Whole


class Statement(Answer):
    """A period that adds up: opening + bought + granted - charged - expired - taken_back = closing."""

    from_: Annotated[Time, Field(alias="from")]
    to: Time
    opening: Money
    bought: Money
    granted: Money
    charged: Money
    expired: Money
    taken_back: Money
    closing: Money
    counts: Counts


class Balance(Answer):
    """What the team had at a moment."""

    at: Time
    balance: Money
    available: Money
    held: Money
    frozen: Money


class Spent(Answer):
    """What was charged of one model, member, key or day."""

    id: str | None
    name: str
    amount: Money
    count: Whole
    share: Annotated[str, Field(pattern=r"^[01]\.[0-9]{4}$", description="A part of 1.", examples=["0.4167"])]


class SpentOthers(Spent):
    """All that did not make the list."""

    rows: Whole


class Spend(Answer):
    """What was charged in a period, told apart."""

    by: By
    from_: Annotated[Day, Field(alias="from")]
    to: Day
    amount: Money
    count: Whole
    results: list[Spent]
    others: SpentOthers | None


class KeyLimit(Answer):
    """A budget of this key and how it stands."""

    period: Literal["day", "month"]
    limit: Money
    base_limit: Annotated[Money, Field(description="The limit without raises.")]
    raised_until: Time | None
    used: Money
    held: Money
    remaining: Money
    resets_at: Time


class Key(KeyFacts):
    """What the key that asks may do, and spend."""

    limits: list[KeyLimit]


EntryPage = page_of(Entry)

PERIOD: dict[str, Schema] = {
    "from": {
        "type": "string",
        "description": "A day of UTC, counted whole, or a time; without it this month's first.",
        "examples": ["2026-01-01"],
    },
    "to": {
        "type": "string",
        "description": "A day, counted whole, or the time before which it ends; without it now.",
        "examples": ["2026-01-31"],
    },
}
DAYS: dict[str, Schema] = {
    "from": {
        "type": "string",
        "format": "date",
        "description": "The first day (UTC); without it 30 days up to `to`.",
        "examples": ["2026-01-01"],
    },
    "to": {
        "type": "string",
        "format": "date",
        "description": "The last day, counted too; without it today.",
        "examples": ["2026-01-31"],
    },
}


def moment(description: str) -> Schema:
    """A query parameter that is a moment."""
    return {"type": "string", "format": "date-time", "description": description, "examples": [TIME]}


SPEND: dict[str, Schema] = {
    **DAYS,
    "by": {"type": "string", "enum": [str(by) for by in By], "default": "model", "description": "What to tell apart."},
}
