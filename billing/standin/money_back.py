"""Endpoints of refunds and disputes."""

from __future__ import annotations

from typing import Any

from billing.standin import disputing, expanding, params, refunding
from billing.standin.endpoints import Endpoint, picked
from billing.standin.refusals import bad_parameter, cannot
from billing.standin.shapes import Object
from billing.standin.world import World


def charge_of(world: World, intent: str) -> Object:
    """The charge that paid an intent; refuses when none did."""
    found = world.get("payment_intent", intent, "payment_intent")
    charge = world.objects.get(found["latest_charge"] or "")
    if charge is None or not charge["paid"]:
        raise cannot(
            f"This PaymentIntent ({intent}) does not have a successful charge to refund.", param="payment_intent"
        )
    return charge


def create(world: World, given: dict[str, Any]) -> Object:
    """Gives money back: all that is left or `amount`."""
    if bool(given.get("payment_intent")) == bool(given.get("charge")):
        raise bad_parameter("One of the following params should be provided: payment_intent or charge.", "charge")
    if given.get("charge"):
        charge = world.get("charge", given["charge"], "charge")
    else:
        charge = charge_of(world, given["payment_intent"])
    return refunding.refund(
        world, charge, amount=given.get("amount"), reason=given.get("reason"), metadata=given.get("metadata")
    )


def retrieve(world: World, given: dict[str, Any], ident: str) -> Object:
    """The refund."""
    return world.get("refund", ident)


def update(world: World, given: dict[str, Any], ident: str) -> Object:
    """Changes its metadata."""
    found = world.get("refund", ident)
    before = dict(found)
    found["metadata"] = params.merged(found["metadata"], given.get("metadata", {}))
    if found != before:
        world.emit("refund.updated", found, before)
    return found


def search(world: World, given: dict[str, Any]) -> Object:
    """Refunds, newest first."""
    return expanding.listing(world.all("refund", **picked(given, "payment_intent", "charge")), given, "/v1/refunds")


def dispute(world: World, given: dict[str, Any], ident: str) -> Object:
    """The dispute."""
    return world.get("dispute", ident)


def disputes(world: World, given: dict[str, Any]) -> Object:
    """Disputes, newest first."""
    return expanding.listing(world.all("dispute", **picked(given, "payment_intent", "charge")), given, "/v1/disputes")


def close(world: World, given: dict[str, Any], ident: str) -> Object:
    """Gives a dispute up: lost."""
    found = world.get("dispute", ident)
    if found["status"] in disputing.CLOSED:
        raise cannot(f"This dispute is already closed ({found['status']}).")
    return disputing.set_status(world, found, "lost")


_OF_LIST = {**params.LIST, "payment_intent": params.text, "charge": params.text}
_CREATE: params.Spec = {
    "amount": params.integer(1),
    "charge": params.text,
    "metadata": params.metadata,
    "payment_intent": params.text,
    "reason": params.choice("duplicate", "fraudulent", "requested_by_customer"),
}
ENDPOINTS = (
    Endpoint("POST", "/v1/refunds", create, _CREATE),
    Endpoint("GET", "/v1/refunds", search, _OF_LIST),
    Endpoint("GET", "/v1/refunds/<ident>", retrieve),
    Endpoint("POST", "/v1/refunds/<ident>", update, {"metadata": params.metadata}),
    Endpoint("GET", "/v1/disputes", disputes, _OF_LIST),
    Endpoint("GET", "/v1/disputes/<ident>", dispute),
    Endpoint("POST", "/v1/disputes/<ident>/close", close),
)
