"""Payment intents off session: a saved card that pays, is declined, asks; charges; what is refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

OFF_SESSION = {"currency": "usd", "off_session": True, "confirm": True}


@pytest.fixture
def charge_saved(client: Any, customer: Any, stripe: Any) -> Any:
    """charge_saved(number, amount=2000, **params): an off-session payment by a saved card of that number."""

    def charge(number: str = "4242424242424242", amount: int = 2000, **params: Any) -> Any:
        method = stripe.save_card(customer.id, number)["id"]
        wanted = {**OFF_SESSION, "amount": amount, "customer": customer.id, "payment_method": method, **params}
        return client.v1.payment_intents.create(wanted)

    return charge


def test_a_saved_card_pays(client: Any, charge_saved: Any) -> None:
    intent = charge_saved(metadata={"payment": "pay_2"}, expand=["latest_charge"])
    assert (intent.status, intent.amount_received, intent.metadata.payment) == ("succeeded", 2000, "pay_2")
    charge = client.v1.charges.retrieve(intent.latest_charge.id)
    assert (charge.paid, charge.amount_refunded, charge.disputed, charge.refunded) == (True, 0, False, False)
    assert charge.metadata.payment == "pay_2"
    assert "$20.00" in httpx.get(charge.receipt_url).text


@pytest.mark.parametrize(
    ("number", "code", "decline_code"),
    [
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000000069", "expired_card", None),
        ("4000002760003184", "authentication_required", "authentication_required"),
    ],
)
def test_a_decline_carries_the_intent(
    client: Any, charge_saved: Any, refused: Any, stripe: Any, number: str, code: str, decline_code: str | None
) -> None:
    error = refused(charge_saved, number)
    assert type(error).__name__ == "CardError"
    assert (error.http_status, error.code, error.error.type) == (402, code, "card_error")
    assert error.error.to_dict().get("decline_code") == decline_code
    carried = error.error.payment_intent
    intent = client.v1.payment_intents.retrieve(carried.id)
    assert intent.status == carried.status == "requires_payment_method"
    assert intent.last_payment_error.code == code
    assert client.v1.charges.retrieve(intent.latest_charge).status == "failed"
    assert [event["type"] for event in stripe.events(about=intent.id)] == [
        "payment_intent.created",
        "charge.failed",
        "payment_intent.payment_failed",
    ]


def test_the_owner_confirms_what_the_bank_asked_about(
    client: Any, charge_saved: Any, refused: Any, customer: Any
) -> None:
    error = refused(charge_saved, "4000002760003184")
    method = error.error.payment_method.id
    intent = client.v1.payment_intents.confirm(
        error.error.payment_intent.id, {"payment_method": method, "return_url": "http://shop.example/back?a=1"}
    )
    assert intent.status == "requires_action"
    page = intent.next_action.redirect_to_url.url
    assert "$20.00" in httpx.get(page).text
    back = httpx.post(page, data={"answer": "confirm"}).headers["location"]
    assert back.startswith(f"http://shop.example/back?a=1&payment_intent={intent.id}&")
    assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"


def test_a_card_that_asks_once_does_not_ask_when_it_was_set_up(client: Any, session: Any, stripe: Any) -> None:
    bought = stripe.pay(session(payment_intent_data={"setup_future_usage": "off_session"}).id, "4000002500003155")
    first = client.v1.payment_intents.retrieve(bought["session"]["payment_intent"])
    wanted = {**OFF_SESSION, "amount": 900, "customer": first.customer, "payment_method": first.payment_method}
    assert client.v1.payment_intents.create(wanted).status == "succeeded"


def test_a_saved_card_can_go_bad(client: Any, customer: Any, stripe: Any, refused: Any) -> None:
    method = stripe.save_card(customer.id)["id"]
    wanted = {**OFF_SESSION, "amount": 900, "customer": customer.id, "payment_method": method}
    assert client.v1.payment_intents.create(wanted).status == "succeeded"
    stripe.change_card(method, "4000000000000069")
    assert refused(client.v1.payment_intents.create, wanted).code == "expired_card"


def test_a_detached_or_foreign_card_pays_nothing(client: Any, customer: Any, stripe: Any, refused: Any) -> None:
    other = client.v1.customers.create({})
    method = stripe.save_card(customer.id)["id"]
    wanted = {**OFF_SESSION, "amount": 900, "customer": other.id, "payment_method": method}
    assert "does not belong" in refused(client.v1.payment_intents.create, wanted).user_message
    client.v1.payment_methods.detach(method)
    assert "may not be" in refused(client.v1.payment_intents.create, {**wanted, "customer": customer.id}).user_message
    assert refused(client.v1.payment_methods.detach, method).param == "payment_method"
    assert client.v1.payment_intents.list({"customer": customer.id}).data == []


def test_an_intent_is_canceled_once_and_never_after_it_is_paid(client: Any, charge_saved: Any, refused: Any) -> None:
    waiting = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    canceled = client.v1.payment_intents.cancel(waiting.id, {"cancellation_reason": "abandoned"})
    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    for intent in (waiting, charge_saved()):
        error = refused(client.v1.payment_intents.cancel, intent.id)
        assert (error.http_status, error.code) == (400, "payment_intent_unexpected_state")
        assert error.error.payment_intent.id == intent.id


@pytest.mark.parametrize(
    ("params", "param", "code"),
    [
        ({"amount": 49, "currency": "usd"}, "amount", "amount_too_small"),
        ({"amount": 100_000_000, "currency": "usd"}, "amount", "amount_too_large"),
        ({"amount": "ten", "currency": "usd"}, "amount", "parameter_invalid_integer"),
        ({"amount": 500}, "currency", "parameter_missing"),
        ({"amount": 500, "currency": "xyz"}, "currency", None),
        ({"amount": 500, "currency": "usd", "colour": "red"}, "colour", "parameter_unknown"),
        ({"amount": 500, "currency": "usd", "metadata": {"x" * 41: "a"}}, "metadata", None),
        ({"amount": 500, "currency": "usd", "customer": "cus_none"}, "customer", "resource_missing"),
        ({"amount": 500, "currency": "usd", "off_session": True}, "off_session", None),
        ({"amount": 500, "currency": "usd", "expand": ["amount"]}, "expand", None),
    ],
)
def test_what_does_not_fit_is_refused(client: Any, refused: Any, params: Any, param: str, code: str | None) -> None:
    error = refused(client.v1.payment_intents.create, params)
    assert (error.http_status, error.param, error.code) == (400, param, code) or code == "resource_missing"
    assert client.v1.payment_intents.list().data == []


def test_unknown_things_are_not_found(client: Any, refused: Any, customer: Any) -> None:
    for get in (client.v1.payment_intents.retrieve, client.v1.refunds.retrieve, client.v1.events.retrieve):
        error = refused(get, customer.id)
        assert (error.http_status, error.code) == (404, "resource_missing")
