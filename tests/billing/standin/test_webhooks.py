"""Events: signed, posted in order, again until they are taken, listed; lies, copies and disorder on demand."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import stripe as sdk

from tests.billing.standin.receiver import Receiver
from tests.stripe_client import WEBHOOK_SECRET, StripeProcess, ids

LIFE = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"]


@pytest.fixture
def receiver(stripe: StripeProcess) -> Iterator[Receiver]:
    """A webhook that listens; deliveries are not held."""
    made = Receiver()
    stripe.settings(webhook_url=made.url, held=False)
    yield made
    stripe.reset()
    made.stop()


def verified(body: str, signature: str) -> sdk.Event:
    return sdk.Webhook.construct_event(body, signature, WEBHOOK_SECRET)


def test_events_come_signed_and_in_order(client: Any, customer: Any, session: Any, stripe: Any, receiver: Any) -> None:
    stripe.wait_until_delivered()
    receiver.bodies.clear()
    receiver.signatures.clear()
    made = session()
    intent = stripe.pay(made.id)["session"]["payment_intent"]
    stripe.wait_until_delivered()
    assert receiver.types() == LIFE
    for body, signature in zip(receiver.bodies, receiver.signatures, strict=True):
        event = verified(body, signature)
        assert (event.object, event.livemode, event.api_version) == ("event", False, sdk.api_version)
        assert client.v1.events.retrieve(event.id).pending_webhooks == 0
    assert event.data.object.payment_intent == intent


def test_what_is_not_taken_comes_again(client: Any, stripe: Any, receiver: Any) -> None:
    receiver.answers[:] = [500, 302, 404]
    client.v1.customers.create({})
    stripe.wait_until_delivered()
    assert receiver.types() == ["customer.created"] * 4
    assert len(set(receiver.bodies)) == 1
    assert [tried["status"] for tried in stripe.event("customer.created")["delivery"]["tries"]] == [500, 302, 404, 200]
    assert client.v1.events.list({"delivery_success": False}).data == []


def test_what_is_never_taken_is_given_up_and_listed(client: Any, stripe: Any, receiver: Any) -> None:
    stripe.settings(speed=100_000)
    receiver.answers[:] = [500] * 50
    client.v1.customers.create({})
    client.v1.customers.create({})
    stripe.wait_until_delivered()
    assert stripe.stats()["deliveries"] == {"failed": 2}
    missed = client.v1.events.list({"delivery_success": False, "types": ["customer.created", "charge.succeeded"]})
    assert [event.type for event in missed.data] == ["customer.created"] * 2
    assert missed.data[0].pending_webhooks == 1
    assert client.v1.events.list({"delivery_success": False, "type": "charge.*"}).data == []
    receiver.answers.clear()
    assert stripe.deliver(missed.data[0].id)[0]["status"] == 200
    assert len(client.v1.events.list({"delivery_success": False}).data) == 1


def test_events_are_held_and_come_in_any_order(client: Any, stripe: Any, receiver: Any, session: Any) -> None:
    stripe.wait_until_delivered()
    receiver.bodies.clear()
    stripe.hold()
    intent = stripe.pay(session().id)["session"]["payment_intent"]
    events = stripe.events(about=intent)
    assert receiver.bodies == []
    assert {event["pending_webhooks"] for event in events} == {1}
    stripe.deliver(*ids(events)[::-1])
    assert receiver.types() == LIFE[::-1]
    stripe.deliver(events[0]["id"], copies=3)
    assert receiver.types()[4:] == [LIFE[0]] * 3
    stripe.release()
    stripe.wait_until_delivered()
    assert len(receiver.bodies) == 7


def test_what_is_dropped_never_comes_but_is_listed(client: Any, stripe: Any, receiver: Any) -> None:
    stripe.hold()
    client.v1.customers.create({})
    stripe.drop()
    stripe.release()
    client.v1.customers.create({})
    stripe.wait_until_delivered()
    assert len(receiver.bodies) == 1
    assert len(client.v1.events.list({"delivery_success": False}).data) == 1


def test_letters_lie_on_demand(client: Any, stripe: Any) -> None:
    client.v1.customers.create({})
    event = stripe.event("customer.created")
    honest = stripe.letter(event["id"])
    assert verified(honest["body"], honest["headers"]["Stripe-Signature"]).id == event["id"]
    late = stripe.letter(event["id"], age=3 * 86400)
    assert verified(late["body"], late["headers"]["Stripe-Signature"]).created == event["created"] - 3 * 86400
    for lie in ({"signature": "wrong"}, {"signed_ago": 600}):
        letter = stripe.letter(event["id"], **lie)
        with pytest.raises(sdk.SignatureVerificationError):
            verified(letter["body"], letter["headers"]["Stripe-Signature"])
    assert "Stripe-Signature" not in stripe.letter(event["id"], signature="none")["headers"]
    lies = {"account": "acct_other", "livemode": True, "type": "unheard.of", "id": "evt_x", "api_version": "2020-08-27"}
    told = json.loads(stripe.letter(event["id"], object={"name": "Z"}, **lies)["body"])
    assert {name: told[name] for name in lies} == lies
    assert told["data"]["object"]["name"] == "Z"
    assert stripe.letter(event["id"], body="{")["body"] == "{"


def test_events_of_any_type_can_be_made(client: Any, stripe: Any, receiver: Any) -> None:
    made = stripe.make_event("unheard.of", {"id": "x_1", "object": "x"})
    stripe.wait_until_delivered()
    assert receiver.types() == ["unheard.of"]
    assert client.v1.events.retrieve(made["id"]).type == "unheard.of"


def test_events_are_listed_by_time_and_page_by_page(client: Any, stripe: Any) -> None:
    client.v1.customers.create({})
    later = stripe.advance(3600)
    made = [client.v1.customers.create({}).id for _ in range(3)]
    listed = client.v1.events.list({"created": {"gte": later - 10}, "type": "customer.created", "limit": 1})
    assert listed.has_more
    assert [event.data.object.id for event in listed.auto_paging_iter()] == made[::-1]
    stripe.advance(31 * 86400)
    assert client.v1.events.list().data == [], "Stripe lists 30 days"
    assert time.time() < later
