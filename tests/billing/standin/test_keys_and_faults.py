"""Idempotency keys, keys of the account, and what goes wrong on demand."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx
import pytest
import stripe as sdk
from werkzeug.test import Client

from billing.standin.app import App
from billing.standin.world import Settings, World

INTENT = {"amount": 500, "currency": "usd"}


def test_the_same_key_replays_the_first_answer(client: Any, stripe: Any) -> None:
    first = client.v1.payment_intents.create(INTENT, {"idempotency_key": "k"})
    again = client.v1.payment_intents.create(INTENT, {"idempotency_key": "k"})
    assert again.to_dict() == first.to_dict()
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert stripe.stats()["by_key"] == {"k": 2}
    assert len(client.v1.payment_intents.list().data) == 1
    assert stripe.event("payment_intent.created")["request"]["idempotency_key"] == "k"


def test_a_card_error_is_replayed_and_pays_nothing_twice(client: Any, customer: Any, stripe: Any, refused: Any) -> None:
    method = stripe.save_card(customer.id, "4000000000000002")["id"]
    wanted = {**INTENT, "customer": customer.id, "payment_method": method, "off_session": True, "confirm": True}
    first = refused(client.v1.payment_intents.create, wanted, {"idempotency_key": "k"})
    stripe.change_card(method, "4242424242424242")
    again = refused(client.v1.payment_intents.create, wanted, {"idempotency_key": "k"})
    assert again.json_body == first.json_body
    assert len(client.v1.payment_intents.list().data) == 1


def test_another_request_under_the_key_is_refused(client: Any, refused: Any) -> None:
    client.v1.payment_intents.create(INTENT, {"idempotency_key": "k"})
    error = refused(client.v1.payment_intents.create, {**INTENT, "amount": 501}, {"idempotency_key": "k"})
    assert (type(error), error.http_status) == (sdk.IdempotencyError, 400)
    elsewhere = refused(client.v1.customers.create, {}, {"idempotency_key": "k"})
    assert type(elsewhere) is sdk.IdempotencyError


def test_bad_parameters_leave_the_key_free(client: Any, refused: Any) -> None:
    refused(client.v1.payment_intents.create, {"amount": 1, "currency": "usd"}, {"idempotency_key": "k"})
    assert client.v1.payment_intents.create(INTENT, {"idempotency_key": "k"}).amount == 500


def test_a_key_is_forgotten_after_a_day(client: Any, stripe: Any) -> None:
    first = client.v1.payment_intents.create(INTENT, {"idempotency_key": "k"})
    stripe.advance(24 * 3600 + 60)
    assert client.v1.payment_intents.create(INTENT, {"idempotency_key": "k"}).id != first.id


def test_a_request_still_running_holds_its_key(client: Any, stripe: Any, refused: Any) -> None:
    stripe.fault("slow", path="/v1/payment_intents", seconds=30)
    answers: list[Any] = []

    def create() -> None:
        answers.append(client.v1.payment_intents.create(INTENT, {"idempotency_key": "k"}))

    thread = threading.Thread(target=create)
    thread.start()
    until = time.monotonic() + 10
    while not stripe.calls(path="/v1/payment_intents") and time.monotonic() < until:
        time.sleep(0.01)
    error = refused(client.v1.payment_intents.create, INTENT, {"idempotency_key": "k"})
    assert (error.http_status, error.error.code) == (409, "idempotency_key_in_use")
    stripe.hurry()
    thread.join(10)
    assert client.v1.payment_intents.create(INTENT, {"idempotency_key": "k"}).id == answers[0].id


def test_an_answer_lost_was_done(client: Any, stripe: Any, refused: Any) -> None:
    stripe.fault("lost", method="POST")
    assert type(refused(client.v1.payment_intents.create, INTENT, {"idempotency_key": "k"})) is sdk.APIConnectionError
    (made,) = client.v1.payment_intents.list().data
    assert client.v1.payment_intents.create(INTENT, {"idempotency_key": "k"}).id == made.id


@pytest.mark.parametrize(("kind", "done"), [("500", 0), ("500_after", 1)])
def test_a_500_is_replayed(client: Any, stripe: Any, refused: Any, kind: str, done: int) -> None:
    stripe.fault(kind, method="POST")
    for _ in range(2):
        assert refused(client.v1.payment_intents.create, INTENT, {"idempotency_key": "k"}).http_status == 500
    assert len(client.v1.payment_intents.list().data) == done


@pytest.mark.parametrize(
    ("kind", "error"),
    [("refused", sdk.APIConnectionError), ("429", sdk.RateLimitError), ("bad_gateway", sdk.APIError)],
)
def test_what_was_not_done_can_be_asked_again(client: Any, stripe: Any, refused: Any, kind: str, error: Any) -> None:
    stripe.fault(kind, path="/v1/payment*", times=2)
    for _ in range(2):
        assert type(refused(client.v1.payment_intents.create, INTENT, {"idempotency_key": "k"})) is error
    assert client.v1.payment_intents.create(INTENT, {"idempotency_key": "k"}).amount == 500
    assert [call["fault"] for call in stripe.calls(path="/v1/payment_intents")] == [kind, kind, None]


@pytest.mark.parametrize("key", ["sk_live_" + "1" * 24, "sk_test_" + "1" * 24, "rk_live_" + "1" * 24])
def test_a_real_key_opens_nothing_and_is_not_repeated(stripe: Any, refused: Any, key: str) -> None:
    client = sdk.StripeClient(key, base_addresses={"api": stripe.url}, max_network_retries=0)
    error = refused(client.v1.customers.list)
    assert type(error) is sdk.AuthenticationError
    assert key not in str(error.http_body)
    assert httpx.get(f"{stripe.url}/v1/customers").status_code == 401


def test_another_version_is_refused(client: Any, refused: Any) -> None:
    error = refused(client.v1.customers.list, {}, {"stripe_version": "2020-08-27"})
    assert "2026-10-28.endive" in error.user_message


def test_lists_come_in_pages(client: Any, stripe: Any) -> None:
    made = [client.v1.customers.create({"name": str(number)}).id for number in range(5)]
    page = client.v1.customers.list({"limit": 2})
    assert ([one.id for one in page.data], page.has_more) == (made[:2:-1], True)
    back = client.v1.customers.list({"limit": 2, "ending_before": made[2]})
    assert [one.id for one in back.data] == [made[4], made[3]]
    assert [one.id for one in client.v1.customers.list({"limit": 2}).auto_paging_iter()] == made[::-1]
    assert client.v1.customers.list({"created": {"gt": stripe.advance(0) + 5}}).data == []


def test_customers_change_and_go(client: Any, customer: Any, refused: Any, stripe: Any) -> None:
    changed = client.v1.customers.update(
        customer.id,
        {"email": "bob@example.com", "metadata": {"team": "", "plan": "x"}, "address": {"line1": "Street 1"}},
    )
    assert (changed.email, changed.metadata.to_dict(), changed.address.line1) == (
        "bob@example.com",
        {"plan": "x"},
        "Street 1",
    )
    assert stripe.event("customer.updated")["data"]["previous_attributes"]["email"] == "alice@example.com"
    assert client.v1.customers.delete(customer.id).deleted
    assert client.v1.customers.retrieve(customer.id).deleted
    assert refused(client.v1.customers.update, customer.id, {"name": "x"}).code == "resource_missing"


def test_the_control_interface_is_for_this_machine_and_not_for_forms(stripe: Any) -> None:
    app = Client(App(World(Settings())))
    for address, status in (("127.0.0.1", 200), ("::1", 200), ("192.0.2.1", 403)):
        assert app.get("/_control/stats", environ_overrides={"REMOTE_ADDR": address}).status_code == status
    assert httpx.post(f"{stripe.url}/_control/reset", data={"a": "b"}).status_code == 415
    assert httpx.get(f"{stripe.url}/v1/unheard-of").status_code == 404
