"""Customers and their saved payment methods."""

from __future__ import annotations

import copy
from typing import Any

from billing.standin import expanding, params, shapes
from billing.standin.endpoints import Endpoint, picked
from billing.standin.refusals import cannot, missing
from billing.standin.shapes import Object
from billing.standin.world import World

PLAIN = ("description", "email", "name", "phone", "tax_exempt", "preferred_locales")
FIELDS: params.Spec = {
    "address": lambda value, path: None if value == "" else params.ADDRESS(value, path),
    "description": params.text,
    "email": params.text,
    "invoice_settings": params.hash_of({"default_payment_method": params.text}),
    "metadata": params.metadata,
    "name": params.text,
    "phone": params.text,
    "preferred_locales": params.list_of(params.text),
    "tax_exempt": params.choice("none", "exempt", "reverse"),
}


def create(world: World, given: dict[str, Any]) -> Object:
    """A new customer."""
    made = world.add(shapes.customer(world.now()))
    _set(world, made, given)
    world.emit("customer.created", made)
    return made


def update(world: World, given: dict[str, Any], ident: str) -> Object:
    """Changes what is given."""
    found = living(world, ident)
    before = copy.deepcopy(found)
    _set(world, found, given)
    if found != before:
        world.emit("customer.updated", found, before)
    return found


def _set(world: World, made: Object, given: dict[str, Any]) -> None:
    made |= {name: value if value != "" else None for name, value in picked(given, *PLAIN).items()}
    if "address" in given:
        made["address"] = shapes.address(given["address"])
    made["metadata"] = params.merged(made["metadata"], given.get("metadata", {}))
    if method := (given.get("invoice_settings") or {}).get("default_payment_method"):
        if world.get("payment_method", method)["customer"] != made["id"]:
            raise cannot("The payment method must be attached to the customer.", param="invoice_settings")
        made["invoice_settings"]["default_payment_method"] = method


def living(world: World, ident: str, param: str = "id") -> Object:
    """The customer, not deleted."""
    found = world.get("customer", ident, param)
    if found.get("deleted"):
        raise missing("customer", ident, param)
    return found


def retrieve(world: World, given: dict[str, Any], ident: str) -> Object:
    """The customer; three fields of a deleted one."""
    found = world.get("customer", ident)
    return picked(found, "id", "object", "deleted") if found.get("deleted") else found


def delete(world: World, given: dict[str, Any], ident: str) -> Object:
    """Forgets the customer and lets the payment methods go."""
    found = living(world, ident)
    for method in list(world.all("payment_method", customer=ident)):
        detach(world, {}, method["id"])
    world.emit("customer.deleted", found)
    found["deleted"] = True
    return picked(found, "id", "object", "deleted")


def search(world: World, given: dict[str, Any]) -> Object:
    """Customers that are there, newest first."""
    where = picked(given, "email")
    found = (made for made in world.all("customer", **where) if not made.get("deleted"))
    return expanding.listing(found, given, "/v1/customers")


def retrieve_method(world: World, given: dict[str, Any], ident: str) -> Object:
    """A payment method."""
    return world.get("payment_method", ident)


def detach(world: World, given: dict[str, Any], ident: str) -> Object:
    """Not saved any more; it cannot be used again."""
    method = world.get("payment_method", ident)
    if method["customer"] is None:
        raise cannot(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            param="payment_method",
        )
    before, customer = dict(method), world.objects[method["customer"]]
    method["customer"] = None
    if customer["invoice_settings"]["default_payment_method"] == ident:
        customer["invoice_settings"]["default_payment_method"] = None
    world.emit("payment_method.detached", method, before)
    return method


def methods(world: World, given: dict[str, Any]) -> Object:
    """The saved payment methods of a customer."""
    living(world, given["customer"], "customer")
    where = picked(given, "customer", "type")
    return expanding.listing(world.all("payment_method", **where), given, "/v1/payment_methods")


def methods_of(world: World, given: dict[str, Any], ident: str) -> Object:
    """The same, below the customer."""
    living(world, ident, "customer")
    found = world.all("payment_method", customer=ident, **picked(given, "type"))
    return expanding.listing(found, given, f"/v1/customers/{ident}/payment_methods")


def method_of(world: World, given: dict[str, Any], ident: str, method: str) -> Object:
    """One of them."""
    found = world.get("payment_method", method)
    if found["customer"] != ident:
        raise missing("payment_method", method)
    return found


_OF_LIST = {**params.PAGE, "type": params.choice("card", "us_bank_account")}
ENDPOINTS = (
    Endpoint("POST", "/v1/customers", create, FIELDS),
    Endpoint("GET", "/v1/customers", search, {**params.LIST, "email": params.text}),
    Endpoint("POST", "/v1/customers/<ident>", update, FIELDS),
    Endpoint("GET", "/v1/customers/<ident>", retrieve),
    Endpoint("DELETE", "/v1/customers/<ident>", delete),
    Endpoint("GET", "/v1/customers/<ident>/payment_methods", methods_of, _OF_LIST),
    Endpoint("GET", "/v1/customers/<ident>/payment_methods/<method>", method_of),
    Endpoint("GET", "/v1/payment_methods", methods, {**_OF_LIST, "customer": params.text}, ("customer",)),
    Endpoint("GET", "/v1/payment_methods/<ident>", retrieve_method),
    Endpoint("POST", "/v1/payment_methods/<ident>/detach", detach),
)
