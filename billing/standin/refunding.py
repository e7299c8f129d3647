"""Refunds: made, refused, failed later."""

from __future__ import annotations

import copy

from billing.standin import disputing, paying, shapes
from billing.standin.cards import CARDS
from billing.standin.refusals import cannot
from billing.standin.shapes import Object
from billing.standin.world import World


def refund(
    world: World, charge: Object, *, amount: int | None, reason: str | None, metadata: dict[str, str] | None = None
) -> Object:
    """Gives back `amount` cents of a charge; None: all that is left. Refuses as Stripe does."""
    if not charge["paid"]:
        raise cannot(f"Charge {charge['id']} was not paid.", code="charge_not_refundable")
    if disputing.forbids_refund(world, charge):
        raise cannot(f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed")
    left = charge["amount"] - charge["amount_refunded"]
    if left == 0:
        raise cannot(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    wanted = left if amount is None else amount
    if wanted > left:
        raise cannot(
            f"Refund amount (${wanted / 100:.2f}) is greater than unrefunded amount on charge (${left / 100:.2f})",
            param="amount",
        )
    made = world.add(shapes.refund(world.now(), charge, amount=wanted, reason=reason))
    made["metadata"] = metadata or {}
    card = CARDS[world.secret_of(charge["payment_method"])["number"]]
    if card.refund == "pending":
        made |= {"status": "pending", "pending_reason": "processing"}
        paying.later(world, made["id"], "succeed")
    elif card.refund == "fails":
        paying.later(world, made["id"], "fail")
    before = copy.deepcopy(charge)
    _count(charge, wanted)
    world.emit("refund.created", made)
    world.emit("charge.refunded", charge, before)
    if charge["refunded"]:
        disputing.close_inquiries(world, charge)
    return made


def succeed(world: World, made: Object) -> Object:
    """A pending refund arrives."""
    if made["status"] != "pending":
        raise cannot(f"Refund {made['id']} is {made['status']}, not pending.")
    before = dict(made)
    made["status"] = "succeeded"
    del made["pending_reason"]
    _say(world, made, before)
    return made


def fail(world: World, made: Object, reason: str = "expired_or_canceled_card") -> Object:
    """The bank sends a refund back: what it gave is the merchant's again."""
    if made["status"] not in ("pending", "succeeded"):
        raise cannot(f"Refund {made['id']} is {made['status']}.")
    before = dict(made)
    made.pop("pending_reason", None)
    made |= {"status": "failed", "failure_reason": reason, "failure_balance_transaction": None}
    charge = world.objects[made["charge"]]
    charge_before = copy.deepcopy(charge)
    _count(charge, -made["amount"])
    _say(world, made, before)
    world.emit("refund.failed", made)
    world.emit("charge.updated", charge, charge_before)
    return made


def _count(charge: Object, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]


def _say(world: World, made: Object, before: Object) -> None:
    world.emit("refund.updated", made, before)
    world.emit("charge.refund.updated", made, before)
