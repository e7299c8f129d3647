"""The whole way by the pages alone: an endpoint is made, tried, heard by a real receiver, and told again."""

from __future__ import annotations

from typing import Any

from django.test import Client

from accounts.models import AuditEvent, Delivery
from tests.accounts.webhooks.receiver import Receiver
from tests.accounts.webhooks_pages.test_endpoint_pages import text_of
from tests.pages.parsing import read
from tests.pages.test_policy import whole
from tests.world import World


def test_made_tried_heard_and_told_again(world: World, alice: Client, receiver: Receiver, jobs: Any) -> None:
    receiver.status, receiver.body = 500, b"<script>alert(1)</script>"
    secret = text_of(alice.post("/webhooks/new", {"url": receiver.url(), "description": "Farm"}))
    endpoint = read(alice.get("/webhooks")).one("td", data_label="Address")
    assert "Farm" in endpoint.text
    (link,) = {e.attrs["href"] for e in read(alice.get("/webhooks")).all("a") if "/whe_" in e.attrs["href"]}

    delivery_page = alice.post(f"{link}/test", {"type": "webhook.test"})["Location"]
    assert "pending" in whole(alice.get(delivery_page)).texts("span", klass="badge")
    jobs.drain()
    page = whole(alice.get(delivery_page))
    assert "Try 1: It answered 500, and only 2xx counts as heard" in page.texts("h3")
    assert page.one("pre", aria_label="Answer to try 1").text == "<script>alert(1)</script>"
    assert "<script>alert" not in page.html

    receiver.status, receiver.body = 200, b"thanks"
    alice.post(f"{delivery_page}/redeliver")
    jobs.drain()
    first, second = receiver.told
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == first.json["id"]
    assert first.signed_by(secret)
    assert second.signed_by(secret)
    page = whole(alice.get(delivery_page))
    assert "delivered" in page.texts("span", klass="badge")
    assert page.texts("h3") == ["Try 2: Heard", "Try 1: It answered 500, and only 2xx counts as heard"]
    assert "asked for by hand" in page.words
    assert first.headers["webhook-signature"] in page.one("pre", aria_label="Headers sent by try 1").text
    assert first.json["id"] in page.one("pre", aria_label="Body of the message").text
    assert secret not in page.html

    log = whole(alice.get(link))
    assert log.texts("td", data_label="Tries") == [str(Delivery.objects.get().tries)]
    assert log.texts("td", data_label="Answer") == ["200"]
    assert "100 % of 1" in whole(alice.get("/webhooks")).words
    acts = AuditEvent.objects.filter(team=world.team, action__startswith="webhook.").values_list("action", flat=True)
    assert list(acts) == ["webhook.endpoint_added"]
    assert secret not in str(list(AuditEvent.objects.values_list("data", flat=True)))


def test_a_rotation_signs_with_both_until_the_end(world: World, alice: Client, receiver: Receiver, jobs: Any) -> None:
    before = text_of(alice.post("/webhooks/new", {"url": receiver.url()}))
    (link,) = {e.attrs["href"] for e in read(alice.get("/webhooks")).all("a") if "/whe_" in e.attrs["href"]}
    form = read(alice.get(f"{link}/rotate"))
    seen = form.one("input", name="seen").attrs["value"]
    after = text_of(alice.post(f"{link}/rotate", {"overlap_hours": "24", "seen": seen}))
    alice.post(f"{link}/test", {"type": "generation.succeeded"})
    jobs.drain()
    (told,) = receiver.told
    assert told.signed_by(before)
    assert told.signed_by(after)
    assert told.json["type"] == "generation.succeeded"
