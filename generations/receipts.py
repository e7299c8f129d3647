"""The receipt of a generation: what was held, delivered, charged, by which price and of which credit. Frozen at its
end, in its transaction, and never computed again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from billing import lots
from billing.models import Hold, Transfer
from generations.catalog.base import Entry
from generations.models import Generation
from generations.pricing import DISCOUNT, percent
from project.errors import Conflict
from project.money import cents, dollars, to_json
from project.times import stamp


def build(
    generation: Generation,
    *,
    hold: Hold,
    charge: int,
    delivered: int,
    finished_at: datetime,
    entry: Entry | None = None,
) -> dict[str, Any]:
    """A JSON document with amounts in both units and times in RFC 3339; `formula` says how the charge came about.
    The hold must be settled: when it moved and which credit paid are read from the ledger."""
    return {
        "generation": generation.public_id,
        "model": generation.model,
        "price_version": generation.price_version.number,
        "lines": generation.lines,
        "quoted": to_json(generation.price),
        "held": to_json(hold.amount),
        "charged": to_json(charge),
        "released": to_json(hold.amount - charge),
        "requested": generation.requested_outputs,
        "delivered": delivered,
        "formula": formula(generation, charge=charge, delivered=delivered, entry=entry),
        "settled_at": stamp(finished_at),
        "transfers": [f"{kind}:{generation.public_id}" for kind in _transfers(hold, charge)],
        **_of_the_ledger(hold),
    }


def ended(generation: Generation) -> Generation:
    """The generation, when it has a receipt. Raises Conflict (`not_ended`) before its end."""
    if generation.receipt is None:
        raise Conflict(
            "It has not ended: there is a receipt once it has.", code="not_ended", headers={"Retry-After": "5"}
        )
    return generation


def whole(generation: Generation) -> dict[str, Any]:
    """The receipt of an ended generation as it was frozen. One from before receipts told which credit paid, and when,
    has that read from the ledger beside it, where it can no more change either; its own words are never replaced."""
    assert generation.receipt is not None, "only an ended generation has a receipt"
    if "paid_with" in generation.receipt:
        return dict(generation.receipt)
    return {**_of_the_ledger(generation.hold), **generation.receipt}


def paid_with(parts: list[lots.Part]) -> list[dict[str, Any]]:
    """The lots that paid, in the order in which they did: granted credit first."""
    return [
        {"kind": str(part.kind), "label": part.label, "amount": to_json(part.amount), "since": stamp(part.since)}
        for part in parts
    ]


def _of_the_ledger(hold: Hold) -> dict[str, Any]:
    moved = lots.movements(hold)
    return {
        "held_at": stamp(moved.hold.created_at),
        "captured_at": _when(moved.capture),
        "released_at": _when(moved.release),
        "paid_with": paid_with(moved.paid_from),
    }


def _when(transfer: Transfer | None) -> str | None:
    return stamp(transfer.created_at) if transfer else None


def formula(generation: Generation, *, charge: int, delivered: int, entry: Entry | None) -> str:
    """One sentence with the numbers."""
    if charge == 0:
        return f"{dollars(generation.hold_amount)} held, nothing charged, all of it released."
    if generation.kind == "text":
        less = f" with a team discount of {percent(generation.discount_ppm)}" if generation.discount_ppm else ""
        return f"The tokens used{less}, {dollars(charge)} of at most {dollars(generation.hold_amount)} held."
    noun = entry.unit if entry else "unit"
    lines = " + ".join(_line(line) for line in generation.lines if line["unit"] != DISCOUNT)
    for line in generation.lines:
        if line["unit"] == DISCOUNT:
            lines += f" - ${cents(line['amount']['usd'].removeprefix('-'))} ({line['label'].lower()})"
    if delivered < generation.requested_outputs:
        return (
            f"{delivered} of {generation.requested_outputs} delivered, priced per {noun}:"
            f" {dollars(charge)} of {dollars(generation.price)} ({lines})."
        )
    return f"{lines} = {dollars(charge)}."


def _line(line: dict[str, Any]) -> str:
    if line["quantity"] == 1:
        return f"${cents(line['amount']['usd'])} ({line['label']})"
    return f"{quantity(line)} x ${cents(line['unit_price']['usd'])}"


def quantity(line: dict[str, Any]) -> str:
    """`4 images`, `1 video`: how much a line is of."""
    return f"{line['quantity']:,} {line['unit']}{'s' if line['quantity'] != 1 else ''}"


def _transfers(hold: Hold, charge: int) -> list[str]:
    kinds = ["hold"]
    if charge:
        kinds.append("capture")
    if charge < hold.amount:
        kinds.append("release")
    return kinds
