"""The receipt of a generation: what was held, delivered, charged, and by which price. Frozen at its end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from billing.models import Hold
from generations.catalog.base import Entry
from generations.models import Generation
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
    """A JSON document with amounts in both units and times in RFC 3339; `formula` says how the charge came about."""
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
        "held_at": stamp(generation.created_at),
        "settled_at": stamp(finished_at),
        "transfers": [f"{kind}:{generation.public_id}" for kind in _transfers(hold, charge)],
    }


def formula(generation: Generation, *, charge: int, delivered: int, entry: Entry | None) -> str:
    """One sentence with the numbers."""
    if charge == 0:
        return f"{dollars(generation.hold_amount)} held, nothing charged, all of it released."
    if generation.kind == "text":
        return f"The tokens used, {dollars(charge)} of at most {dollars(generation.hold_amount)} held."
    noun = entry.unit if entry else "unit"
    lines = " + ".join(_line(line) for line in generation.lines)
    if delivered < generation.requested_outputs:
        return (
            f"{delivered} of {generation.requested_outputs} delivered, priced per {noun}: {dollars(charge)} of {lines}."
        )
    return f"{lines} = {dollars(charge)}."


def _line(line: dict[str, Any]) -> str:
    if line["quantity"] == 1:
        return f"${cents(line['amount']['usd'])} ({line['label']})"
    return f"{line['quantity']} {line['unit']} x ${cents(line['unit_price']['usd'])}"


def _transfers(hold: Hold, charge: int) -> list[str]:
    kinds = ["hold"]
    if charge:
        kinds.append("capture")
    if charge < hold.amount:
        kinds.append("release")
    return kinds
