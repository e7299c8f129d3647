"""Payment intents and the charges of their attempts."""

from __future__ import annotations

from typing import Any

from billing.standin import customers, expanding, params, paying, shapes
from billing.standin.endpoints import Endpoint, picked
from billing.standin.refusals import bad_parameter, cannot
from billing.standin.shapes import Object
from billing.standin.world import World

LEAST, MOST = 50, 99_999_999  # cents: Stripe's bounds of a charge in US dollars
CURRENCIES = ("usd", "eur", "gbp")
USAGE = params.choice("off_session", "on_session")
SHARED: params.Spec = {
    "description": params.text,
    "metadata": params.metadata,
    "receipt_email": params.text,
    "setup_future_usage": USAGE,
    "statement_descriptor_suffix": params.text,
}
CONFIRM: params.Spec = {
    "off_session": params.boolean,
    "payment_method": params.text,
    "receipt_email": params.text,
    "return_url": params.text,
    "setup_future_usage": USAGE,
}


def currency(value: Any, path: str) -> str:
    """A currency that the stand-in deals in."""
    if value not in CURRENCIES:
        raise bad_parameter(f"Invalid currency: {value}.", path)
    return str(value)


def check_amount(amount: int, param: str = "amount") -> None:
    """Within the bounds of a charge."""
    if amount < LEAST:
        raise bad_parameter("Amount must be at least $0.50 usd", param, "amount_too_small")
    if amount > MOST:
        raise bad_parameter("Amount must be no more than $999,999.99 usd", param, "amount_too_large")


def create(world: World, given: dict[str, Any]) -> Object:
    """An intent; with `confirm` paid at once. A card error carries the intent."""
    check_amount(given["amount"])
    if given.get("off_session") and not given.get("confirm"):
        raise bad_parameter("off_session can be used only when confirm is true.", "off_session")
    customer = given.get("customer")
    if customer:
        customers.living(world, customer, "customer")
    method = _method(world, given["payment_method"], customer) if given.get("payment_method") else None
    if given.get("confirm") and method is None:
        raise bad_parameter("You cannot confirm this PaymentIntent: it has no payment method.", "payment_method")
    made = world.add(shapes.payment_intent(world.now(), amount=given["amount"], currency=given["currency"]))
    made |= picked(given, *SHARED, "customer")
    if automatic := given.get("automatic_payment_methods"):
        made["automatic_payment_methods"] = {"allow_redirects": "always", **automatic}
    if method is not None:
        made |= {"payment_method": method["id"], "status": "requires_confirmation"}
    world.emit("payment_intent.created", made)
    if given.get("confirm") and method is not None:
        _pay(world, made, method, given)
    return made


def confirm(world: World, given: dict[str, Any], ident: str) -> Object:
    """Pays with the method given, or the one it has."""
    intent = world.get("payment_intent", ident)
    if intent["status"] not in paying.CAN_BE_PAID:
        raise paying.unexpected(intent, "confirm")
    chosen = given.get("payment_method") or intent["payment_method"]
    if not chosen:
        raise cannot(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
            payment_intent=dict(intent),
        )
    method = _method(world, chosen, intent["customer"])
    intent |= picked(given, "receipt_email", "setup_future_usage")
    _pay(world, intent, method, given)
    return intent


def _pay(world: World, intent: Object, method: Object, given: dict[str, Any]) -> None:
    paying.attempt(
        world,
        intent,
        method,
        off_session=bool(given.get("off_session")),
        return_url=given.get("return_url", ""),
    )


def _method(world: World, ident: str, customer: str | None) -> Object:
    method = world.get("payment_method", ident, "payment_method")
    if method["customer"] is None:
        raise cannot(
            "The provided PaymentMethod was previously used with a PaymentIntent without Customer attachment, shared "
            "with a connected account without Customer attachment, or was detached from a Customer. It may not be "
            "used again.",
            param="payment_method",
        )
    if method["customer"] != customer:
        raise cannot(
            f"The PaymentMethod {ident} does not belong to the Customer {customer}. Please use this payment method "
            "with the Customer that it belongs to instead.",
            param="payment_method",
        )
    return method


def cancel(world: World, given: dict[str, Any], ident: str) -> Object:
    """Ends it unpaid. One that Checkout made is ended by expiring the session."""
    intent = world.get("payment_intent", ident)
    if any(session["status"] == "open" for session in world.all("checkout.session", payment_intent=ident)):
        raise cannot("You cannot cancel this PaymentIntent: expire its Checkout Session instead.")
    paying.cancel(world, intent, given.get("cancellation_reason"))
    return intent


def retrieve(world: World, given: dict[str, Any], ident: str) -> Object:
    """The intent."""
    return world.get("payment_intent", ident)


def search(world: World, given: dict[str, Any]) -> Object:
    """Intents, newest first."""
    return expanding.listing(world.all("payment_intent", **picked(given, "customer")), given, "/v1/payment_intents")


def update(world: World, given: dict[str, Any], ident: str) -> Object:
    """Changes words about it; amounts stay."""
    intent = world.get("payment_intent", ident)
    intent |= picked(given, "description", "receipt_email")
    intent["metadata"] = params.merged(intent["metadata"], given.get("metadata", {}))
    return intent


def charge(world: World, given: dict[str, Any], ident: str) -> Object:
    """The charge."""
    return world.get("charge", ident)


def charges(world: World, given: dict[str, Any]) -> Object:
    """Charges, failed ones too, newest first."""
    return expanding.listing(world.all("charge", **picked(given, "payment_intent", "customer")), given, "/v1/charges")


_CREATE: params.Spec = {
    **SHARED,
    **CONFIRM,
    "amount": params.integer(),
    "automatic_payment_methods": params.hash_of(
        {"enabled": params.boolean, "allow_redirects": params.choice("always", "never")}
    ),
    "confirm": params.boolean,
    "currency": currency,
    "customer": params.text,
}
_REASONS = params.choice("abandoned", "duplicate", "fraudulent", "requested_by_customer")
_UPDATE = {name: SHARED[name] for name in ("description", "metadata", "receipt_email")}
ENDPOINTS = (
    Endpoint("POST", "/v1/payment_intents", create, _CREATE, ("amount", "currency")),
    Endpoint("GET", "/v1/payment_intents", search, {**params.LIST, "customer": params.text}),
    Endpoint("GET", "/v1/payment_intents/<ident>", retrieve),
    Endpoint("POST", "/v1/payment_intents/<ident>", update, _UPDATE),
    Endpoint("POST", "/v1/payment_intents/<ident>/confirm", confirm, CONFIRM),
    Endpoint("POST", "/v1/payment_intents/<ident>/cancel", cancel, {"cancellation_reason": _REASONS}),
    Endpoint("GET", "/v1/charges", charges, {**params.LIST, "payment_intent": params.text, "customer": params.text}),
    Endpoint("GET", "/v1/charges/<ident>", charge),
)
