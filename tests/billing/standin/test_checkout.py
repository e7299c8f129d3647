"""Checkout sessions: made, paid on the page or not, expired, told of by events."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

CARD_4242 = "4242424242424242"


def test_a_session_is_open_until_it_is_paid(client: Any, session: Any, stripe: Any) -> None:
    made = session(2500, metadata={"payment": "pay_1"}, payment_intent_data={"metadata": {"payment": "pay_1"}})
    assert (made.object, made.status, made.payment_status, made.amount_total) == (
        "checkout.session",
        "open",
        "unpaid",
        2500,
    )
    assert made.payment_intent is None
    assert made.url == f"{stripe.url}/pay/{made.id}"
    assert stripe.pay(made.id)["status"] == "succeeded"
    after = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent.latest_charge", "line_items"]})
    assert (after.status, after.payment_status, after.url) == ("complete", "paid", None)
    intent = after.payment_intent
    assert (intent.status, intent.amount_received, intent.metadata.payment) == ("succeeded", 2500, "pay_1")
    card = intent.latest_charge.payment_method_details.card
    assert (card.brand, card.last4) == ("visa", "4242")
    assert after.line_items.data[0].amount_total == 2500
    assert [event["type"] for event in stripe.events(about=intent.id)] == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    found = client.v1.checkout.sessions.list({"payment_intent": intent.id})
    assert [one.id for one in found.data] == [made.id]


def test_a_declined_card_can_be_followed_by_another(client: Any, session: Any, stripe: Any) -> None:
    made = session()
    declined = stripe.pay(made.id, "4000000000000002")
    assert declined["status"] == "declined"
    assert declined["error"]["decline_code"] == "generic_decline"
    after = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})
    assert (after.status, after.payment_intent.status) == ("open", "requires_payment_method")
    assert stripe.pay(made.id)["status"] == "succeeded"
    assert client.v1.payment_intents.retrieve(after.payment_intent.id).status == "succeeded"
    charges = client.v1.charges.list({"payment_intent": after.payment_intent.id}).data
    assert [charge.status for charge in charges] == ["succeeded", "failed"]


@pytest.mark.parametrize(
    ("number", "outcome", "events"),
    [
        ("000123456789", "succeed", ["checkout.session.completed", "checkout.session.async_payment_succeeded"]),
        ("000111111113", "fail", ["checkout.session.completed", "checkout.session.async_payment_failed"]),
    ],
)
def test_an_asynchronous_payment_ends_later(
    client: Any, session: Any, stripe: Any, number: str, outcome: str, events: list[str]
) -> None:
    made = session()
    assert stripe.pay(made.id, number)["status"] == "processing"
    between = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})
    assert (between.status, between.payment_status) == ("complete", "unpaid")
    assert between.payment_intent.status == "processing"
    stripe.settle(between.payment_intent.id, outcome)
    after = client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]})
    won = outcome == "succeed"
    assert after.payment_status == ("paid" if won else "unpaid")
    assert after.payment_intent.status == ("succeeded" if won else "requires_payment_method")
    assert [event["type"] for event in stripe.events(about=made.id)] == events


def test_what_takes_a_while_ends_by_itself_where_nobody_tells_it(session: Any, stripe: Any) -> None:
    """As in development; the tests' own stand-in waits until it is told."""
    stripe.settings(settle_seconds=0.01)
    won, lost = session(), session()
    stripe.pay(won.id, "000123456789")
    stripe.pay(lost.id, "000111111113")
    until = time.monotonic() + 10
    while len(stripe.events(type="checkout.session.async_payment_failed")) < 1 and time.monotonic() < until:
        time.sleep(0.02)
    assert stripe.show(won.id)["payment_status"] == "paid"
    assert stripe.show(lost.id)["payment_status"] == "unpaid"


def test_a_session_expires_by_time_and_by_us(client: Any, session: Any, stripe: Any, refused: Any) -> None:
    by_time = session(expires_at=int(time.time()) + 1900)
    by_us = session()
    stripe.pay(by_time.id, "4000000000000002")
    stripe.advance(2000)
    after = client.v1.checkout.sessions.retrieve(by_time.id, {"expand": ["payment_intent"]})
    assert (after.status, after.payment_intent.status) == ("expired", "canceled")
    assert client.v1.checkout.sessions.expire(by_us.id).status == "expired"
    assert "open" in str(refused(client.v1.checkout.sessions.expire, by_us.id).user_message)
    assert len(stripe.events(type="checkout.session.expired")) == 2
    for minutes in (29, 24 * 60 + 1):
        assert refused(lambda at: session(expires_at=at), stripe.advance(0) + minutes * 60).param == "expires_at"


def test_the_page_pays_without_a_script(client: Any, session: Any) -> None:
    made = session(1234)
    page = httpx.get(made.url)
    assert "Not real money: this is a stand-in for Stripe" in page.text
    assert "<script" not in page.text
    assert "$12.34" in page.text
    assert 'href="http://shop.example/wallet"' in page.text
    assert "form-action 'self' http://shop.example" in page.headers["Content-Security-Policy"]
    declined = httpx.post(made.url, data={"card": "4000000000009995"})
    assert declined.status_code == 422
    assert "insufficient funds" in declined.text
    assert httpx.post(made.url, data={"card": "1"}).status_code == 422
    paid = httpx.post(made.url, data={"card": CARD_4242})
    assert (paid.status_code, paid.headers["location"]) == (303, f"http://shop.example/return?session={made.id}")
    twice = httpx.post(made.url, data={"card": CARD_4242})
    assert twice.headers["location"] == paid.headers["location"]
    assert (
        len(
            client.v1.charges.list(
                {"payment_intent": client.v1.checkout.sessions.retrieve(made.id).payment_intent}
            ).data
        )
        == 2
    )


def test_an_expired_page_takes_nothing(client: Any, session: Any, stripe: Any) -> None:
    made = session()
    stripe.expire(made.id)
    late = httpx.post(made.url, data={"card": CARD_4242})
    assert late.status_code == 410
    assert "Nothing was paid" in late.text
    assert httpx.get(f"{stripe.url}/pay/cs_test_none").status_code == 404


@pytest.mark.parametrize("answer", ["confirm", "refuse"])
def test_three_d_secure_asks_on_a_page(client: Any, session: Any, answer: str, stripe: Any) -> None:
    made = session()
    asked = httpx.post(made.url, data={"card": "4000002500003155"})
    assert asked.status_code == 303
    page = f"{stripe.url}{asked.headers['location']}"
    assert (
        client.v1.checkout.sessions.retrieve(made.id, {"expand": ["payment_intent"]}).payment_intent.status
        == "requires_action"
    )
    assert "Your bank asks" in httpx.get(page).text
    after = httpx.post(page, data={"answer": answer})
    if answer == "confirm":
        assert after.headers["location"] == f"http://shop.example/return?session={made.id}"
    else:
        assert "unable to authenticate" in after.text
    assert client.v1.checkout.sessions.retrieve(made.id).status == ("complete" if answer == "confirm" else "open")


def test_a_card_is_saved_when_that_was_asked_for(client: Any, session: Any, stripe: Any, customer: Any) -> None:
    stripe.pay(session().id)
    assert client.v1.payment_methods.list({"customer": customer.id}).data == []
    stripe.pay(session(payment_intent_data={"setup_future_usage": "off_session"}).id)
    (method,) = client.v1.customers.payment_methods.list(customer.id).data
    assert (method.card.last4, method.customer) == ("4242", customer.id)
    client.v1.payment_methods.detach(method.id)
    assert client.v1.payment_methods.list({"customer": customer.id}).data == []
    assert client.v1.payment_methods.retrieve(method.id).customer is None
