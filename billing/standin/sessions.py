"""Checkout sessions: made by us, paid by a buyer on the hosted page, expired by time or by us."""

from __future__ import annotations

import copy
from typing import Any

from billing.standin import customers, expanding, intents, params, paying, session_params, shapes
from billing.standin.cards import Card
from billing.standin.endpoints import Endpoint, picked
from billing.standin.refusals import bad_parameter, cannot
from billing.standin.shapes import Object
from billing.standin.world import World

SHORTEST, LONGEST = 30 * 60, 24 * 60 * 60  # seconds a session may be open


def create(world: World, given: dict[str, Any]) -> Object:
    """An open session with the address of its page."""
    now = world.now()
    expires_at = given.get("expires_at", now + LONGEST)
    if not now + SHORTEST <= expires_at <= now + LONGEST:
        raise bad_parameter(
            "The `expires_at` timestamp must be at least 30 minutes and at most 24 hours from Checkout Session "
            "creation.",
            "expires_at",
        )
    if given.get("customer") and given.get("customer_email"):
        raise bad_parameter("You may only specify one of these parameters: customer, customer_email.", "customer")
    customer = customers.living(world, given["customer"], "customer") if given.get("customer") else None
    lines = session_params.line_items(given["line_items"], now)
    amount = sum(line["amount_total"] for line in lines)
    intents.check_amount(amount, "line_items")
    made = world.add(session_params.blank(now, given, amount=amount, currency=lines[0]["currency"]))
    made["expires_at"] = expires_at
    made["url"] = f"{world.settings.public_url}/pay/{made['id']}"
    if customer is not None:
        made["customer_details"] = _details(customer, given)
    secret = world.secret_of(made["id"])
    secret["line_items"] = lines
    secret["intent"] = given.get("payment_intent_data") or {}
    return made


def _details(customer: Object | None, given: dict[str, Any]) -> Object:
    shown = customer or {}
    return {
        "address": shown.get("address"),
        "business_name": None,
        "email": shown.get("email") or given.get("customer_email"),
        "individual_name": None,
        "name": shown.get("name"),
        "phone": shown.get("phone"),
        "tax_exempt": shown.get("tax_exempt") or "none",
        "tax_ids": [],
    }


def retrieve(world: World, given: dict[str, Any], ident: str) -> Object:
    """The session."""
    return world.get("checkout.session", ident)


def lines(world: World, given: dict[str, Any], ident: str) -> Object:
    """What is bought."""
    world.get("checkout.session", ident)
    return expanding.items(world, ident)


def search(world: World, given: dict[str, Any]) -> Object:
    """Sessions, newest first."""
    where = picked(given, "payment_intent", "customer", "status")
    return expanding.listing(world.all("checkout.session", **where), given, "/v1/checkout/sessions")


def expire(world: World, given: dict[str, Any], ident: str) -> Object:
    """Nobody can pay it any more; only while it is open."""
    found = world.get("checkout.session", ident)
    if found["status"] != "open":
        raise cannot(
            'Only Checkout Sessions with a status in ["open"] can be expired. '
            f"This Checkout Session has a status of `{found['status']}`."
        )
    return end(world, found)


def end(world: World, session: Object) -> Object:
    """Expires an open session and cancels what it began."""
    session |= {"status": "expired", "url": None}
    if session["payment_intent"]:
        intent = world.objects[session["payment_intent"]]
        if intent["status"] in paying.CAN_BE_PAID:
            paying.cancel(world, intent, "expired")
    world.emit("checkout.session.expired", session)
    return session


def expire_due(world: World) -> None:
    """Expires those whose time is over."""
    for session in list(world.all("checkout.session", status="open")):
        if session["expires_at"] <= world.now():
            end(world, session)


def pay(world: World, session: Object, card: Card) -> str:
    """The buyer's choice on the hosted page. Returns the intent's status: succeeded, processing, requires_action.

    Raises the card error of a decline; the session stays open. Refuses a session that is not open."""
    if session["status"] != "open":
        raise cannot(f"This Checkout Session has a status of `{session['status']}`.")
    details = session["customer_details"] or {}
    billing = {name: details.get(name) for name in ("email", "name", "phone")}
    if details.get("address"):
        billing["address"] = details["address"]
    method = paying.new_method(world, card, billing)
    intent = _intent(world, session)
    paying.attempt(world, intent, method, return_url=session["success_url"] or "")
    return _settled(world, session, intent)


def authenticated(world: World, session: Object) -> str:
    """The buyer has confirmed by 3-D Secure: pays with the card of the attempt."""
    intent = world.objects[session["payment_intent"]]
    method = world.get("payment_method", intent["payment_method"])
    paying.attempt(world, intent, method, confirmed=True)
    return _settled(world, session, intent)


def _intent(world: World, session: Object) -> Object:
    """The session's intent, made at the first attempt."""
    if session["payment_intent"]:
        return world.objects[session["payment_intent"]]
    data = world.secret_of(session["id"])["intent"]
    wants = session["customer_creation"] == "always" or data.get("setup_future_usage")
    if session["customer"] is None and wants:
        email = (session["customer_details"] or {}).get("email") or session["customer_email"]
        session["customer"] = customers.create(world, {"email": email} if email else {})["id"]
    made = world.add(shapes.payment_intent(world.now(), amount=session["amount_total"], currency=session["currency"]))
    made |= copy.deepcopy(data) | {"customer": session["customer"]}
    made["payment_method_types"] = list(session["payment_method_types"])
    session["payment_intent"] = made["id"]
    world.emit("payment_intent.created", made)
    return made


def _settled(world: World, session: Object, intent: Object) -> str:
    if intent["status"] in ("succeeded", "processing"):
        if session["customer_details"] is None:
            session["customer_details"] = _details(None, session)
        session |= {"status": "complete", "url": None}
        session["payment_status"] = "paid" if intent["status"] == "succeeded" else "unpaid"
        world.emit("checkout.session.completed", session)
    return str(intent["status"])


def after_a_while(world: World, intent: Object) -> None:
    """Tells of the end of an asynchronous payment, when the intent is one of a session."""
    for session in list(world.all("checkout.session", payment_intent=intent["id"])):
        if intent["status"] == "succeeded":
            session["payment_status"] = "paid"
            world.emit("checkout.session.async_payment_succeeded", session)
        else:
            world.emit("checkout.session.async_payment_failed", session)


_LIST = {**params.LIST, "payment_intent": params.text, "customer": params.text, "status": session_params.STATUS}
ENDPOINTS = (
    Endpoint("POST", "/v1/checkout/sessions", create, session_params.CREATE, ("mode", "line_items", "success_url")),
    Endpoint("GET", "/v1/checkout/sessions", search, _LIST),
    Endpoint("GET", "/v1/checkout/sessions/<ident>", retrieve),
    Endpoint("POST", "/v1/checkout/sessions/<ident>/expire", expire),
    Endpoint("GET", "/v1/checkout/sessions/<ident>/line_items", lines, params.PAGE),
)
