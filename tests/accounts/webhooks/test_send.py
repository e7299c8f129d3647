"""One try: what a receiver gets, what its answer means, and when it is told again."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from django.core import mail
from django.test import override_settings

from accounts.models import AuditEvent, Delivery, WebhookEndpoint
from accounts.webhooks import deliveries, endpoints, results, secrets, sending
from project import db, media_links, queue
from project.errors import Conflict
from tests.accounts.webhooks.receiver import Receiver
from tests.accounts.webhooks.telling import added, attempt, publish, wait_of
from tests.net.peers import Peer, answering, within
from tests.world import World


def test_a_receiver_is_told_once_and_can_verify_it(world: World, receiver: Receiver) -> None:
    row, secret = added(world, receiver)
    first, second = publish(world), publish(world, payload={"name": "Zoë \u2028 </script>", "a": [1, {"b": None}]})
    jobs = [job for job in queue.pending() if job.func == "accounts.tasks.deliver"]
    assert [(job.args, job.lane) for job in jobs] == [((first.pk,), "hooks"), ((second.pk,), "hooks")]
    queue.run_pending()
    queue.run_pending()
    sending.deliver(first.pk)  # late, and again
    assert len(receiver.told) == 2
    told = receiver.told[1]
    assert told.signed_by(secret)
    assert not told.signed_by(secrets._new())
    assert not told.__class__(told.path, told.headers, told.body + b" ").signed_by(secret)
    second.refresh_from_db()
    event = second.event
    assert told.headers["webhook-id"] == event.public_id == told.json["id"]
    assert abs(int(told.headers["webhook-timestamp"]) - time.time()) < 60
    assert told.headers["content-type"] == "application/json"
    assert told.headers["user-agent"].startswith("Framehouse-Webhooks/1.0 (+http")
    assert set(told.json) == {"id", "type", "timestamp", "sequence", "data"}
    assert (told.json["type"], told.json["sequence"]) == ("wallet.low", 2)
    assert told.json["data"] == {"name": "Zoë \u2028 </script>", "a": [1, {"b": None}]}
    assert (second.status, second.tries, second.last_status, second.next_action_at) == ("delivered", 1, 204, None)
    tried = second.attempts.get()
    assert (tried.outcome, tried.status, tried.number, tried.by) == ("delivered", 204, 1, "schedule")
    assert tried.headers["webhook-signature"] == told.headers["webhook-signature"]
    assert secret not in json.dumps(tried.headers)


def test_links_are_signed_when_it_is_sent(world: World, receiver: Receiver) -> None:
    added(world, receiver)
    payload = {"outputs": [{"url": None, "kind": "image"}]}
    row = publish(world, payload=payload, files={"outputs.0.url": "outputs/abc.png"})
    attempt(row)
    url = receiver.told[0].json["data"]["outputs"][0]["url"]
    path, _, query = url.partition("/media/")[2].partition("?")
    fields = dict(part.split("=") for part in query.split("&"))
    assert media_links.verify(path, fields) is not None
    assert row.event.payload == payload


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "delivered"), (299, "delivered"), (301, "redirected"), (404, "refused"), (500, "refused")],
)
def test_only_2xx_is_heard(status: int, outcome: str, world: World, receiver: Receiver, second: Receiver) -> None:
    added(world, receiver)
    receiver.status, receiver.headers = status, {"Location": second.url()}
    row = publish(world)
    tried = attempt(row)
    assert (tried.outcome, tried.status, row.last_status) == (outcome, status, status)
    assert row.status == ("delivered" if outcome == "delivered" else "pending")
    assert second.told == []


def test_it_comes_again_on_the_standards_schedule_and_then_fails(world: World, receiver: Receiver) -> None:
    added(world, receiver)
    receiver.status = 500
    row = publish(world)
    waits = []
    for number in range(1, results.MOST_TRIES + 1):
        assert attempt(row).number == number
        if number < results.MOST_TRIES:
            waits.append(wait_of(row))
            sending.deliver(row.pk)  # before its time: nothing
    standard = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
    assert all(0.85 * wanted - 3 < wait < 1.15 * wanted for wait, wanted in zip(waits, standard, strict=True)), waits
    assert (row.status, row.tries, len(receiver.told)) == ("failed", 10, 10)
    assert len({told.headers["webhook-id"] for told in receiver.told}) == 1
    assert len({round(wait / wanted, 4) for wait, wanted in zip(waits[2:], standard[2:], strict=True)}) > 1, "jitter"


@pytest.mark.parametrize(
    ("status", "asked", "least", "most"),
    [
        (429, "120", 100, 130),
        (503, "999999999", 86_000, 86_500),
        (503, "Sat, 01 Jan 2000 00:00:00 GMT", 4.4, 6),  # as the schedule has it
        (503, "soon", 4.4, 6),
        (503, "-5", 4.4, 6),
        (500, "120", 4.4, 6),
    ],
)
def test_retry_after_is_believed_within_bounds(
    status: int, asked: str, least: float, most: float, world: World, receiver: Receiver
) -> None:
    added(world, receiver)
    receiver.status, receiver.headers = status, {"Retry-After": asked}
    row = publish(world)
    begun = db.now()
    attempt(row)
    assert row.next_action_at is not None
    assert (row.next_action_at - begun).total_seconds() > least  # however long the attempt took
    assert wait_of(row) < most


def test_410_turns_the_endpoint_off_with_a_mail(world: World, receiver: Receiver) -> None:
    endpoint, _ = added(world, receiver)
    receiver.status = 410
    row, other = publish(world), publish(world)
    assert attempt(row).outcome == "gone"
    other.refresh_from_db()
    endpoint.refresh_from_db()
    assert (row.status, other.status) == ("failed", "canceled")
    assert (endpoint.status, endpoint.disabled_reason) == ("disabled", "gone")
    act = AuditEvent.objects.get(team=world.team, action="webhook.endpoint_disabled")
    assert (act.actor, act.data) == ("system", {"reason": "gone", "canceled": 1})
    (message,) = mail.outbox  # bob and carol manage nothing
    assert message.to == [world.alice.email]
    assert "410 Gone" in message.body
    with pytest.raises(Conflict):
        deliveries.redeliver(by=world.actor(world.alice), delivery=row)
    sending.deliver(other.pk)
    assert len(receiver.told) == 1


def test_410_ends_the_delivery_of_a_request(world: World, receiver: Receiver) -> None:
    receiver.status = 410
    row = publish(world, url=receiver.url())
    attempt(row)
    assert (row.status, mail.outbox) == ("failed", [])


def test_a_long_answer_has_heard_us(world: World, receiver: Receiver) -> None:
    added(world, receiver)
    receiver.status, receiver.body = 200, b"\x00\xff" + b"a" * 10_000_000
    row = publish(world)
    tried = attempt(row)
    assert (row.status, tried.truncated) == ("delivered", True)
    assert tried.response_body[:3] == "\ufffd\ufffda"
    assert len(tried.response_body) == 65_536


def test_few_of_its_headers_are_kept(world: World, receiver: Receiver) -> None:
    added(world, receiver)
    receiver.headers = {"Set-Cookie": "a=b", "X-Request-Id": "r" * 900, "Content-Type": "text/plain"}
    tried = attempt(publish(world))
    assert tried.response_headers["content-type"] == "text/plain"
    assert len(tried.response_headers["x-request-id"]) == 500
    assert "set-cookie" not in tried.response_headers


def test_one_that_hangs_is_left_in_time(world: World, receiver: Receiver) -> None:
    added(world, receiver)
    over = threading.Event()

    def hang(handler: BaseHTTPRequestHandler) -> None:
        over.wait(60)

    receiver.answer = hang
    row = publish(world)
    with within(10):  # a machine may be slow; without this deadline it were 20 s, or as long as the receiver hangs
        tried = attempt(row, deadline=1)
    over.set()
    assert (tried.outcome, tried.status, row.status, row.last_status) == ("timed_out", None, "pending", None)
    assert 990 <= (tried.duration_ms or 0) < 10_000


def test_nobody_there(world: World, receiver: Receiver) -> None:
    added(world, receiver)
    receiver.__exit__(None, None, None)
    row = publish(world)
    assert attempt(row).outcome == "unreachable"
    assert row.status == "pending"


def test_an_answer_that_is_no_http(world: World, settings: Any) -> None:
    with Peer(answering(b"", status="\x00\x01")) as peer:
        settings.OUTBOUND_ALLOW_HOSTS = [peer.place]
        row = publish(world, url=peer.url())
        assert attempt(row).outcome == "broken"


def test_an_address_that_became_private_is_not_called(world: World) -> None:
    """What was public when it was kept is looked at again at the moment of the call (faults.md row 62)."""
    with Peer(answering(b"")) as peer:
        with override_settings(OUTBOUND_ALLOW_HOSTS=[peer.place]):
            endpoint, _ = endpoints.add(by=world.actor(world.alice), url=peer.url())
        row = publish(world)
        with override_settings(OUTBOUND_ALLOW_HOSTS=[]):
            assert attempt(row).outcome == "forbidden"
        assert peer.connections == 0
    assert row.status == "pending"


def test_during_a_rotation_both_secrets_verify(world: World, receiver: Receiver) -> None:
    alice = world.actor(world.alice)
    endpoint, old = added(world, receiver)
    new = secrets.rotate(by=alice, endpoint=endpoint, overlap_hours=24)
    attempt(publish(world))
    told = receiver.told[-1]
    assert told.signed_by(old)
    assert told.signed_by(new)
    newest = secrets.rotate(by=alice, endpoint=endpoint, overlap_hours=0)
    attempt(publish(world))
    told = receiver.told[-1]
    assert told.signed_by(newest)
    assert not told.signed_by(old)
    assert not told.signed_by(new)
    for _ in range(secrets.MOST_VALID - 1):
        secrets.rotate(by=alice, endpoint=endpoint)
    with pytest.raises(Conflict):
        secrets.rotate(by=alice, endpoint=endpoint)
    assert len(secrets.valid(endpoint)) == secrets.MOST_VALID


def test_a_requests_address_is_signed_with_the_teams_own(world: World, receiver: Receiver) -> None:
    assert secrets.made_at(world.team) is None
    attempt(publish(world, url=receiver.url()))
    assert secrets.made_at(world.team) is not None
    (unseen,) = secrets.valid(world.team)
    shown = secrets.team_rotate(by=world.actor(world.alice))
    attempt(publish(world, url=receiver.url()))
    assert receiver.told[0].signed_by(unseen)
    assert [receiver.told[1].signed_by(secret) for secret in (unseen, shown)] == [True, True]
    assert secrets.previous_expires_at(world.team) is not None


def test_secrets_that_cannot_be_read_are_not_sent_without(world: World, receiver: Receiver) -> None:
    added(world, receiver)
    row = publish(world)
    with override_settings(SECRET_KEY="another" * 10, SECRET_KEY_FALLBACKS=[]):
        sending.deliver(row.pk)
    row.refresh_from_db()
    assert (row.status, receiver.told) == ("canceled", [])


def test_what_is_canceled_under_way_stays_so(world: World, receiver: Receiver) -> None:
    """The endpoint is deleted while it is being told."""
    endpoint, _ = added(world, receiver)
    row = publish(world)
    claimed = sending._claim(row.pk, receiver.place)
    assert claimed is not None
    endpoints.delete(by=world.actor(world.alice), endpoint=endpoint)
    results.settle(claimed.attempt.pk, sending.call(claimed, deadline=5))
    row.refresh_from_db()
    assert (row.status, row.attempts.get().outcome, len(receiver.told)) == ("canceled", "delivered", 1)
    assert WebhookEndpoint.objects.get(pk=endpoint.pk).failing_since is None
    assert Delivery.objects.get(pk=row.pk).leased_until is None
