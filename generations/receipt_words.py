"""A receipt in words: one thing that the page and the PDF both show. Of a generation that has not ended, what it
holds so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from billing import lots
from billing.models import TransferKind
from billing.words import WORDS
from generations import receipts
from generations.catalog import ENTRIES
from generations.models import Generation, Status
from generations.pricing import percent
from generations.timeline import credits_words, sentence
from project.money import from_usd, to_json
from project.times import instant

Money = Mapping[str, str]


@dataclass(frozen=True)
class Movement:
    """One transfer: what it did, how much, when, and its key in the ledger."""

    words: str
    amount: Money
    at: datetime
    key: str


@dataclass(frozen=True)
class Paid:
    """So much of which credit."""

    words: str
    amount: Money


@dataclass(frozen=True)
class Receipt:
    """`charged` is None while it has not ended; then `paid` is the credit that is held for it."""

    generation: Generation
    name: str
    facts: list[tuple[str, str]]
    outcome: str
    lines: list[dict[str, Any]]
    price: Money
    formula: str
    movements: list[Movement]
    charged: Money | None
    paid: list[Paid]

    @property
    def ledger(self) -> str:
        """Under which keys the movements stand in the ledger, for who asks us about them."""
        return f"In the ledger: {', '.join(row.key for row in self.movements)}."


def of(generation: Generation) -> Receipt:
    """The receipt of an ended generation, or what one that has not ended holds."""
    return _ended(generation) if generation.ended else _open(generation)


def amount_words(money: Money) -> str:
    """`42 credits ($0.21)`."""
    return credits_words(from_usd(money["usd"]))


def at(moment: datetime) -> str:
    """`2026-11-21 13:05:09 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _ended(generation: Generation) -> Receipt:
    made = receipts.whole(generation)
    moved = [
        (TransferKind.HOLD, made["held"], made["held_at"]),
        (TransferKind.CAPTURE, made["charged"], made["captured_at"]),
        (TransferKind.RELEASE, made["released"], made["released_at"]),
    ]
    return Receipt(
        generation=generation,
        name=_name(generation),
        facts=[
            *_facts(generation),
            ("Delivered", f"{made['delivered']} of {made['requested']}"),
            ("Asked for", at(generation.created_at)),
            ("Ended", at(instant(made["settled_at"]))),
        ],
        outcome="" if generation.status == Status.SUCCEEDED and generation.charged else _outcome(generation),
        lines=made["lines"],
        price=made["quoted"],
        formula=made["formula"],
        movements=[
            Movement(WORDS[kind], moved_amount, instant(when), f"{kind}:{generation.public_id}")
            for kind, moved_amount, when in moved
            if when is not None
        ],
        charged=made["charged"],
        paid=[Paid(part["label"], part["amount"]) for part in made["paid_with"]],
    )


def _open(generation: Generation) -> Receipt:
    moved = lots.movements(generation.hold)
    held = to_json(generation.hold_amount)
    return Receipt(
        generation=generation,
        name=_name(generation),
        facts=[
            *_facts(generation),
            ("Requested", str(generation.requested_outputs)),
            ("Asked for", at(generation.created_at)),
        ],
        outcome=(
            f"It has not ended: nothing is charged yet. {amount_words(held)} held for it; what is not delivered is"
            " released, and the receipt is made at its end."
        ),
        lines=generation.lines,
        price=to_json(generation.price),
        formula="",
        movements=[Movement(WORDS[TransferKind.HOLD], held, moved.hold.created_at, moved.hold.key)],
        charged=None,
        paid=[Paid(part.label, to_json(part.amount)) for part in moved.held_from],
    )


def _outcome(generation: Generation) -> str:
    """Why nothing was charged, in words."""
    if generation.status == Status.SUCCEEDED:
        return "This cost nothing. Nothing was charged."
    return sentence(generation)


def _name(generation: Generation) -> str:
    entry = ENTRIES.get(generation.model)
    return entry.name if entry else generation.model


def _facts(generation: Generation) -> list[tuple[str, str]]:
    price = generation.price_version
    discount = [("Team discount", percent(generation.discount_ppm))] if generation.discount_ppm else []
    return [
        ("Team", generation.team.name),
        ("Made by", made_by(generation)),
        ("Model", _name(generation)),
        ("Price version", f"{price.number}, since {price.effective_from.astimezone(UTC):%Y-%m-%d}"),
        *discount,
    ]


def made_by(generation: Generation) -> str:
    """The member or the API key that asked for it."""
    if generation.api_key is not None:
        return f"API key “{generation.api_key.name}”"
    if generation.membership is None:
        return "Framehouse"
    user = generation.membership.user
    return f"{user.name} ({user.email})" if user.name else user.email
