"""What the server sends is verified by the client, an implementation of its own; endpoints through the client."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from framehouse import Framehouse, NotFound
from framehouse.webhooks import Event, WebhookVerificationError, verify

from accounts.webhooks import secrets
from tests.client.peer import Heard, Peer, Say
from tests.world import World

FLUX = "flux-kontext-pro"


def eventually(true: Callable[[], Any], seconds: float = 30.0) -> Any:
    until = time.monotonic() + seconds
    while not (value := true()):
        assert time.monotonic() < until, f"not within {seconds} s"
        time.sleep(0.05)
    return value


def verified(heard: Heard, *known: str) -> Event:
    assert (heard.method, heard.headers["content-type"]) == ("POST", "application/json")
    return verify(heard.body, heard.headers, known)


def test_an_endpoint_hears_a_generation_and_can_verify_it(
    client_of_studio: Framehouse, committed_world: World, worker: None, peer: Peer
) -> None:
    client = client_of_studio
    endpoint = client.webhook_endpoints.create(
        f"{peer.url}/hook", events=["generation.running", "generation.succeeded"]
    )
    assert endpoint.secret
    assert endpoint.secret not in repr(endpoint)
    assert (endpoint.status, endpoint.disabled_reason, endpoint.previous_secret_expires_at) == ("enabled", None, None)
    made = client.generations.create(FLUX, {"prompt": "a lighthouse"}, webhook_url=f"{peer.url}/own")
    eventually(lambda: len(peer.heard) >= 4)
    told = [verified(one, endpoint.secret) for one in peer.heard if one.path == "/hook"]
    told.sort(key=lambda event: event.sequence)
    assert [(event.type, event.sequence) for event in told] == [("generation.running", 1), ("generation.succeeded", 2)]
    assert told[1].generation.outputs[0].sha256 == client.generations.get(made).outputs[0].sha256
    assert told[1].generation.charged == made.price
    assert told[1].id.startswith("evt_")

    (own,) = secrets.valid(committed_world.team)
    mine = [one for one in peer.heard if one.path == "/own"]
    assert {verified(one, own).type for one in mine} == {"generation.running", "generation.succeeded"}
    for one in mine:
        with pytest.raises(WebhookVerificationError, match="signature"):
            verified(one, endpoint.secret)
        with pytest.raises(WebhookVerificationError, match="signature"):
            verify(one.body + b" ", one.headers, own)
    # What an answer was is written after it came.
    eventually(lambda: all(one.status != "pending" for one in client.generations.deliveries(made)))
    deliveries = list(client.generations.deliveries(made))
    assert {(one.status, one.endpoint, one.last_status) for one in deliveries} == {("delivered", None, 200)}
    assert client.generations.redeliver(made, deliveries[0]).status == "pending"


def test_two_secrets_sign_while_one_replaces_the_other(client_of_studio: Framehouse, worker: None, peer: Peer) -> None:
    endpoints = client_of_studio.webhook_endpoints
    peer.acts = [Say(500)]
    endpoint = endpoints.create(f"{peer.url}/hook", description="ours")
    new = endpoints.rotate(endpoint, overlap_hours=1)
    assert endpoint.secret
    assert new.secret
    assert new.secret != endpoint.secret
    assert new.previous_secret_expires_at
    sent = endpoints.test(endpoint)
    (first,) = eventually(lambda: peer.heard)
    assert len(first.headers["webhook-signature"].split(" ")) == 2
    assert verified(first, endpoint.secret) == verified(first, new.secret)
    assert verified(first, new.secret).type == "webhook.test"

    failed = eventually(lambda: (one := endpoints.delivery(endpoint, sent)).status != "pending" and one)
    assert (failed.status, failed.last_status, failed.tries) == ("failed", 500, 1)  # a test is tried once
    assert failed.attempts[0]["status"] == 500
    assert failed.body["type"] == "webhook.test"
    again = endpoints.redeliver(endpoint, sent)
    eventually(lambda: len(peer.heard) >= 2)
    eventually(lambda: endpoints.delivery(endpoint, again).status == "delivered")
    assert {one.id for one in endpoints.deliveries(endpoint, status="delivered", type="webhook.test")} == {again.id}


def test_endpoints_are_listed_changed_and_deleted(client_of_studio: Framehouse, peer: Peer) -> None:
    endpoints = client_of_studio.webhook_endpoints
    made = endpoints.create(f"{peer.url}/hook")
    assert made.events == ()
    changed = endpoints.update(made, events=["wallet.low"], description="money", status="disabled")
    assert (changed.events, changed.description) == (("wallet.low",), "money")
    assert (changed.status, changed.disabled_reason, changed.secret) == ("disabled", "by_member", None)
    assert endpoints.get(made) == changed
    assert list(endpoints.list()) == [changed]
    endpoints.delete(made)
    with pytest.raises(NotFound):
        endpoints.get(made)
    rotated = client_of_studio.webhook_secret.rotate(overlap_hours=0)
    assert rotated.secret
    kept = client_of_studio.webhook_secret.get()
    assert (kept.created_at, kept.secret) == (rotated.created_at, None)
