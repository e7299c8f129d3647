"""Endpoints of events, the account and its balance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from billing.standin import expanding, params
from billing.standin.endpoints import Endpoint
from billing.standin.refusals import bad_parameter
from billing.standin.shapes import Object
from billing.standin.world import World

KEPT_DAYS = 30  # Stripe lists events for so long


def event(world: World, given: dict[str, Any], ident: str) -> Object:
    """The event, its object as it was then."""
    return world.get("event", ident)


def events(world: World, given: dict[str, Any]) -> Object:
    """Events of 30 days, newest first, by type and by whether they were delivered."""
    if given.get("type") and given.get("types"):
        raise bad_parameter("You may only specify one of these parameters: type, types.", "type")
    return expanding.listing(_events(world, given), given, "/v1/events")


def _events(world: World, given: dict[str, Any]) -> Iterator[Object]:
    types = given.get("types") or ([given["type"]] if given.get("type") else [])
    for made in world.all("event"):
        delivered = world.posts[made["id"]].state in ("delivered", "unsent")
        if made["created"] < world.now() - KEPT_DAYS * 86400:
            continue
        if types and not any(_fits(made["type"], wanted) for wanted in types):
            continue
        if given.get("delivery_success", delivered) == delivered:
            yield made


def _fits(kind: str, wanted: str) -> bool:
    return kind.startswith(wanted[:-1]) if wanted.endswith("*") else kind == wanted


def account(world: World, given: dict[str, Any]) -> Object:
    """Whose key this is."""
    return {
        "id": world.settings.account,
        "object": "account",
        "business_profile": {"name": "Framehouse stand-in", "url": None, "support_email": None},
        "business_type": None,
        "capabilities": {"card_payments": "active"},
        "charges_enabled": True,
        "country": "US",
        "default_currency": "usd",
        "details_submitted": True,
        "email": None,
        "metadata": {},
        "payouts_enabled": True,
        "type": "standard",
    }


def balance(world: World, given: dict[str, Any]) -> Object:
    """What would be there: charges less refunds and disputes, without fees."""
    total = sum(made["amount"] - made["amount_refunded"] for made in world.all("charge", paid=True))
    total += sum(move["net"] for made in world.all("dispute") for move in made["balance_transactions"])
    amounts = [{"amount": total, "currency": "usd", "source_types": {"card": total}}]
    return {
        "object": "balance",
        "available": amounts,
        "livemode": False,
        "pending": [{"amount": 0, "currency": "usd", "source_types": {"card": 0}}],
    }


_EVENTS = {
    **params.LIST,
    "type": params.text,
    "types": params.list_of(params.text, most=20),
    "delivery_success": params.boolean,
}
ENDPOINTS = (
    Endpoint("GET", "/v1/events", events, _EVENTS),
    Endpoint("GET", "/v1/events/<ident>", event),
    Endpoint("GET", "/v1/account", account),
    Endpoint("GET", "/v1/balance", balance),
)
