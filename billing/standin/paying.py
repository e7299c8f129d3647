"""An attempt to pay an intent with a payment method, and how it ends."""

from __future__ import annotations

import time
from typing import Any

from billing.standin import disputing, shapes
from billing.standin.cards import AUTHENTICATE, CARDS, Card, Decline
from billing.standin.refusals import Refused, cannot
from billing.standin.shapes import Object
from billing.standin.world import World

CAN_BE_PAID = ("requires_payment_method", "requires_confirmation", "requires_action")


def card_of(world: World, method: str) -> Card:
    """The test card behind a payment method."""
    return CARDS[world.secret_of(method)["number"]]


def new_method(world: World, card: Card, billing: Object | None = None) -> Object:
    """A payment method of a test card, of no customer yet."""
    blank: Object = {"address": dict(shapes.NO_ADDRESS), "email": None, "name": None, "phone": None, "tax_id": None}
    made = world.add(shapes.payment_method(world.now(), card, {**blank, **(billing or {})}))
    world.secret_of(made["id"])["number"] = card.number
    return made


def attach(world: World, method: Object, customer: str) -> None:
    """Saves a payment method with a customer."""
    if method["customer"] != customer:
        method["customer"] = customer
        world.emit("payment_method.attached", method)


def attempt(
    world: World,
    intent: Object,
    method: Object,
    *,
    off_session: bool = False,
    return_url: str = "",
    confirmed: bool = False,
) -> None:
    """Pays, or asks for authentication, or begins what takes a while. Raises the card error after noting it.

    `confirmed`: the buyer has just authenticated."""
    if intent["status"] not in CAN_BE_PAID:
        raise unexpected(intent, "confirm")
    card = card_of(world, method["id"])
    secret = world.secret_of(intent["id"])
    secret["return_url"] = return_url or secret.get("return_url", "")
    intent |= {"payment_method": method["id"], "next_action": None, "last_payment_error": None}
    if card.is_bank:
        _begin(world, intent, method, card)
    elif not confirmed and _asks(world, method, card):
        if off_session:
            raise fail(world, intent, method, AUTHENTICATE)
        _ask(world, intent, secret["return_url"])
    elif card.decline is not None:
        raise fail(world, intent, method, card.decline)
    else:
        succeed(world, intent, method)


def _asks(world: World, method: Object, card: Card) -> bool:
    saved = world.secret_of(method["id"]).get("set_up", False)
    return card.authentication == "always" or (card.authentication == "unless_saved" and not saved)


def _ask(world: World, intent: Object, return_url: str) -> None:
    page = f"{world.settings.public_url}/authenticate/{intent['id']}"
    intent["status"] = "requires_action"
    if return_url:
        intent["next_action"] = {"type": "redirect_to_url", "redirect_to_url": {"url": page, "return_url": return_url}}
    else:
        intent["next_action"] = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    world.emit("payment_intent.requires_action", intent)


def _begin(world: World, intent: Object, method: Object, card: Card) -> None:
    charge = world.add(shapes.charge(world.now(), intent, method, card))
    charge["outcome"] = _outcome("pending")
    intent |= {"status": "processing", "latest_charge": charge["id"]}
    later(world, intent["id"], "fail" if card.decline else "succeed")
    world.emit("charge.pending", charge)
    world.emit("payment_intent.processing", intent)


def later(world: World, ident: str, outcome: str) -> None:
    """Notes what becomes of it after a while; only when told, where settings say so."""
    seconds = world.settings.settle_seconds
    world.secret_of(ident)["settles"] = outcome
    world.secret_of(ident)["settles_at"] = time.time() + seconds if seconds else None


def succeed(world: World, intent: Object, method: Object) -> None:
    """The money is there: a charge, the intent succeeded, the card saved when that was asked for."""
    card = card_of(world, method["id"])
    charge = _charge(world, intent, method, card)
    charge |= {"status": "succeeded", "paid": True, "captured": True, "amount_captured": intent["amount"]}
    charge["outcome"] = _outcome("approved_by_network")
    charge["receipt_url"] = f"{world.settings.public_url}/receipts/{charge['id']}"
    intent |= {"status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge["id"]}
    intent |= {"next_action": None, "last_payment_error": None}
    if intent["setup_future_usage"] and intent["customer"] and not card.is_bank:
        world.secret_of(method["id"])["set_up"] = intent["setup_future_usage"] == "off_session"
        attach(world, method, intent["customer"])
    world.emit("charge.succeeded", charge)
    world.emit("payment_intent.succeeded", intent)
    if card.dispute:
        disputing.open_dispute(world, charge, amount=charge["amount"], reason="fraudulent", status=card.dispute)


def fail(world: World, intent: Object, method: Object, decline: Decline) -> Refused:
    """Notes a charge that failed; the card error to raise."""
    charge = _charge(world, intent, method, card_of(world, method["id"]))
    charge |= {"status": "failed", "failure_code": decline.code, "failure_message": decline.message}
    charge["outcome"] = _outcome("declined_by_network", decline)
    error: dict[str, Any] = {
        "charge": charge["id"],
        "code": decline.code,
        "doc_url": f"https://stripe.com/docs/error-codes/{decline.code.replace('_', '-')}",
        "message": decline.message,
        "payment_method": dict(method),
        "type": "card_error",
    }
    if decline.decline_code:
        error["decline_code"] = decline.decline_code
    intent |= {"status": "requires_payment_method", "payment_method": None, "next_action": None}
    intent |= {"latest_charge": charge["id"], "last_payment_error": error}
    world.emit("charge.failed", charge)
    world.emit("payment_intent.payment_failed", intent)
    more = {name: error[name] for name in ("charge", "decline_code", "payment_method") if name in error}
    return Refused(402, "card_error", decline.message, code=decline.code, payment_intent=dict(intent), **more)


def cancel(world: World, intent: Object, reason: str | None) -> None:
    """Nothing will be paid; refuses what is paid or on its way."""
    if intent["status"] not in CAN_BE_PAID:
        raise unexpected(intent, "cancel")
    intent |= {"status": "canceled", "canceled_at": world.now(), "cancellation_reason": reason, "next_action": None}
    world.emit("payment_intent.canceled", intent)


def unexpected(intent: Object, verb: str) -> Refused:
    """The refusal of a verb that the intent's status forbids."""
    return cannot(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        payment_intent=dict(intent),
    )


def _charge(world: World, intent: Object, method: Object, card: Card) -> Object:
    """The charge of this attempt: a bank's is there since it began."""
    latest = world.objects.get(intent["latest_charge"] or "")
    if card.is_bank and latest is not None and latest["status"] == "pending":
        return latest
    return world.add(shapes.charge(world.now(), intent, method, card))


def _outcome(status: str, decline: Decline | None = None) -> Object:
    approved = status != "declined_by_network"
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": status,
        "reason": (decline.decline_code or decline.code) if decline else None,
        "risk_level": "normal",
        "seller_message": "Payment complete." if approved else "The bank did not approve the payment.",
        "type": "authorized" if approved else "issuer_declined",
    }
