"""Disputes: opened, moved on, closed, with the money that goes and comes with it."""

from __future__ import annotations

import copy

from billing.standin import shapes
from billing.standin.refusals import cannot
from billing.standin.shapes import Object
from billing.standin.world import World

STATUSES = (
    "needs_response",
    "under_review",
    "won",
    "lost",
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
)
TAKEN = ("needs_response", "under_review", "lost")  # the bank has the money
CLOSED = ("won", "lost", "warning_closed")
FEE = 1500  # cents


def open_dispute(world: World, charge: Object, *, amount: int, reason: str, status: str) -> Object:
    """A dispute of a charge. Refuses statuses that are unknown or an end, and amounts beyond what is left."""
    if status not in STATUSES or status in CLOSED:
        raise cannot(f"A dispute does not begin as {status}.", param="status")
    if not charge["paid"] or not 0 < amount <= charge["amount"]:
        raise cannot("Only what was paid can be disputed.", param="amount")
    made = world.add(shapes.dispute(world.now(), charge, amount=amount, reason=reason, status=status))
    charge["disputed"] = True
    if status in TAKEN:
        _move(world, made, -amount)
    world.emit("charge.dispute.created", made)
    if status in TAKEN:
        world.emit("charge.dispute.funds_withdrawn", made)
    return made


def set_status(world: World, dispute: Object, status: str) -> Object:
    """The dispute goes on to any other status, also from one end to the other; the money follows."""
    if status not in STATUSES:
        raise cannot(f"There is no dispute status {status}.", param="status")
    before = copy.deepcopy(dispute)
    dispute["status"] = status
    dispute["is_charge_refundable"] = status.startswith("warning")
    if not status.startswith("warning"):
        dispute["payment_method_details"]["card"]["case_type"] = "chargeback"
    was, taken = before["status"] in TAKEN, status in TAKEN
    if was != taken:
        _move(world, dispute, dispute["amount"] * (1 if was else -1))
    world.emit("charge.dispute.closed" if status in CLOSED else "charge.dispute.updated", dispute, before)
    if was != taken:
        world.emit(f"charge.dispute.funds_{'reinstated' if was else 'withdrawn'}", dispute)
    return dispute


def forbids_refund(world: World, charge: Object) -> bool:
    """Whether a dispute stands that has taken the money."""
    return any(dispute["status"] in TAKEN for dispute in world.all("dispute", charge=charge["id"]))


def close_inquiries(world: World, charge: Object) -> None:
    """A full refund ends what the bank asks about it."""
    for dispute in list(world.all("dispute", charge=charge["id"])):
        if dispute["status"].startswith("warning") and dispute["status"] not in CLOSED:
            set_status(world, dispute, "warning_closed")


def _move(world: World, dispute: Object, amount: int) -> None:
    fee = FEE if amount < 0 else 0
    dispute["balance_transactions"].append(
        {
            "id": shapes.new_id("txn"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": world.now(),
            "balance_type": "payments",
            "created": world.now(),
            "currency": dispute["currency"],
            "description": f"Chargeback for {dispute['charge']}",
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [],
            "net": amount - fee,
            "reporting_category": "dispute" if amount < 0 else "dispute_reversal",
            "source": dispute["id"],
            "status": "available",
            "type": "adjustment",
        }
    )
