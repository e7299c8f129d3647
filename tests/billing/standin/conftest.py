"""The stand-in spoken to as the product speaks to Stripe: by the SDK. No database here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import stripe as sdk

from tests.stripe_client import KEY, StripeProcess

Buy = Callable[..., Any]


@pytest.fixture
def client(stripe: StripeProcess) -> sdk.StripeClient:
    """The SDK's client; it does not try again by itself."""
    return sdk.StripeClient(KEY, base_addresses={"api": stripe.url}, max_network_retries=0)


@pytest.fixture
def customer(client: sdk.StripeClient) -> Any:
    return client.v1.customers.create({"email": "alice@example.com", "name": "Studio", "metadata": {"team": "team_1"}})


@pytest.fixture
def session(client: sdk.StripeClient, customer: Any) -> Buy:
    """session(amount=1000, **params): an open Checkout session of the customer."""

    def make(amount: int = 1000, **params: Any) -> Any:
        price = {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Credit"}}
        return client.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "customer": customer.id,
                "line_items": [{"price_data": price, "quantity": 1}],
                "success_url": "http://shop.example/return?session={CHECKOUT_SESSION_ID}",
                "cancel_url": "http://shop.example/wallet",
                "client_reference_id": "pay_1",
                **params,
            }
        )

    return make


@pytest.fixture
def paid(client: sdk.StripeClient, session: Buy, stripe: StripeProcess) -> Buy:
    """paid(amount=1000, number=...): a payment intent that a buyer paid on the hosted page."""

    def make(amount: int = 1000, number: str = "4242424242424242", **params: Any) -> Any:
        answer = stripe.pay(session(amount, **params).id, number)
        assert answer["status"] in ("succeeded", "processing"), answer
        return client.v1.payment_intents.retrieve(answer["session"]["payment_intent"])

    return make


@pytest.fixture
def refused() -> Callable[..., sdk.StripeError]:
    """refused(call, *args): the error that the call raises."""

    def catch(call: Callable[..., Any], *args: Any) -> sdk.StripeError:
        with pytest.raises(sdk.StripeError) as caught:
            call(*args)
        return caught.value

    return catch
