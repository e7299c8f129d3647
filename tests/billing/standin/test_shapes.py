"""The stand-in's shapes are the SDK's: no object has a field that the SDK's class does not know, none lacks one that
the class always has; no endpoint takes a parameter that Stripe does not have."""

from __future__ import annotations

import builtins
import importlib
import typing
from typing import Any

import pytest
import stripe as sdk

from billing.standin import shapes
from billing.standin.api import ENDPOINTS

PARAMS = {
    "POST /v1/customers": "_customer_create_params",
    "GET /v1/customers": "_customer_list_params",
    "POST /v1/customers/<ident>": "_customer_update_params",
    "GET /v1/customers/<ident>/payment_methods": "_customer_list_payment_methods_params",
    "GET /v1/payment_methods": "_payment_method_list_params",
    "POST /v1/checkout/sessions": "checkout._session_create_params",
    "GET /v1/checkout/sessions": "checkout._session_list_params",
    "GET /v1/checkout/sessions/<ident>/line_items": "checkout._session_list_line_items_params",
    "POST /v1/payment_intents": "_payment_intent_create_params",
    "GET /v1/payment_intents": "_payment_intent_list_params",
    "POST /v1/payment_intents/<ident>": "_payment_intent_modify_params",
    "POST /v1/payment_intents/<ident>/confirm": "_payment_intent_confirm_params",
    "POST /v1/payment_intents/<ident>/cancel": "_payment_intent_cancel_params",
    "GET /v1/charges": "_charge_list_params",
    "POST /v1/refunds": "_refund_create_params",
    "GET /v1/refunds": "_refund_list_params",
    "POST /v1/refunds/<ident>": "_refund_modify_params",
    "GET /v1/disputes": "_dispute_list_params",
    "GET /v1/events": "_event_list_params",
}
CLASSES = {
    "checkout.session": sdk.checkout.Session,
    "payment_intent": sdk.PaymentIntent,
    "payment_method": sdk.PaymentMethod,
    "charge": sdk.Charge,
    "customer": sdk.Customer,
    "refund": sdk.Refund,
    "dispute": sdk.Dispute,
    "event": sdk.Event,
    "account": sdk.Account,
    "balance": sdk.Balance,
}


class Names(dict[str, Any]):
    """The names of a module, those too that it imports for type checkers only (as Any)."""

    def __missing__(self, name: str) -> Any:
        return getattr(builtins, name, Any)


def of_class(annotation: Any) -> type | None:
    """The SDK class inside an annotation, when there is one to look into."""
    for inner in (annotation, *typing.get_args(annotation)):
        if isinstance(inner, type) and issubclass(inner, sdk.StripeObject):
            return inner
    return None


def misfits(shown: dict[str, Any], known: type, path: str) -> list[str]:
    """What the class does not know, and what it always has and is not there."""
    if not known.__annotations__:
        return []
    hints = {}
    for base in reversed(known.__mro__):
        hints |= typing.get_type_hints(base, localns=Names(vars(importlib.import_module(base.__module__))))
    found = [f"{path}.{name}: unknown" for name in shown if name not in hints]
    for name, hint in hints.items():
        if name.startswith("_") or typing.get_origin(hint) is typing.ClassVar:
            continue
        optional = type(None) in typing.get_args(hint)
        if name not in shown or (shown[name] is None and not optional):
            found += [] if optional else [f"{path}.{name}: missing"]
        elif isinstance(shown[name], dict) and (inner := of_class(hint)) and "object" not in shown[name]:
            found += misfits(shown[name], inner, f"{path}.{name}")
    return found


def test_the_version_is_the_sdks() -> None:
    assert sdk.api_version == shapes.API_VERSION


def test_every_object_has_the_sdks_fields(client: Any, paid: Any, session: Any, stripe: Any) -> None:
    for number in ("4242424242424242", "000123456789", "4000000000000259", "4000000000007726"):
        paid(1000, number, payment_intent_data={"setup_future_usage": "off_session"})
    stripe.pay(session().id, "4000000000000002")
    stripe.pay(session().id, "4000002500003155", authenticate=False)
    refund = client.v1.refunds.create({"payment_intent": client.v1.payment_intents.list({"limit": 3}).data[2].id})
    stripe.fail_refund(refund.id)
    client.v1.payment_intents.create({"amount": 500, "currency": "usd", "automatic_payment_methods": {"enabled": True}})
    ids = [event["data"]["object"]["id"] for event in stripe.events()] + [event["id"] for event in stripe.events()]
    shown = [stripe.show(ident) for ident in ids]
    shown += [client.v1.accounts.retrieve_current().to_dict(), client.v1.balance.retrieve().to_dict()]
    assert {one["object"] for one in shown} >= set(CLASSES)
    found = {line for one in shown for line in misfits(one, CLASSES[one["object"]], one["object"])}
    assert not found, sorted(found)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: f"{endpoint.method} {endpoint.path}")
def test_no_parameter_is_of_our_own_making(endpoint: Any) -> None:
    name = f"{endpoint.method} {endpoint.path}"
    if name not in PARAMS:
        assert not endpoint.spec, name
        return
    module = importlib.import_module(f"stripe.params.{PARAMS[name]}")
    last = PARAMS[name].split("._")[-1].lstrip("_")
    known = getattr(module, "".join(word.title() for word in last.split("_")))
    assert set(endpoint.known) <= set(known.__annotations__), name
    assert set(endpoint.required) <= set(endpoint.known)
