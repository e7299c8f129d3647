"""Webhook endpoints by the API: added, changed, rotated, tried and read by keys that may manage the team."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import EventType
from accounts.webhooks import examples, sending
from generations import present
from generations.models import Generation
from project import queue
from tests.accounts.webhooks.conftest import receiver, second  # noqa: F401  (fixtures)
from tests.accounts.webhooks.receiver import Receiver
from tests.accounts.webhooks.telling import attempt, publish
from tests.flows.asking import ask
from tests.world import World

Api = Callable[..., Any]


def told(answer: Any, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.content
    found: dict[str, Any] = answer.json()
    return found


def added(api: Api, world: World, url: str, **more: Any) -> dict[str, Any]:
    return told(api("post", "/webhook-endpoints", {"url": url, **more}, key=world.key), 201)


def deliver_all() -> None:
    for job in queue.pending():
        if job.func == "accounts.tasks.deliver":
            sending.deliver(int(job.args[0]))


def test_an_endpoints_life(api: Api, world: World, receiver: Receiver) -> None:  # noqa: F811
    answer = api("post", "/webhook-endpoints", {"url": receiver.url(), "events": ["wallet.low"]}, key=world.key)
    made = told(answer, 201)
    secret = made.pop("secret")
    path = f"/webhook-endpoints/{made['id']}"
    assert answer["Location"].endswith(f"/api/v1{path}")
    assert made == {
        "id": made["id"],
        "url": receiver.url(),
        "description": "",
        "events": ["wallet.low"],
        "status": "enabled",
        "disabled_reason": None,
        "failing_since": None,
        "previous_secret_expires_at": None,
        "created_at": made["created_at"],
    }
    assert told(api("get", path, key=world.key)) == made
    assert told(api("get", "/webhook-endpoints", key=world.key))["results"] == [made]
    changed = told(api("patch", path, {"description": "ours", "events": []}, key=world.key))
    assert changed == {**made, "description": "ours", "events": []}
    off = told(api("patch", path, {"status": "disabled"}, key=world.key))
    assert (off["status"], off["disabled_reason"]) == ("disabled", "by_member")
    assert told(api("patch", path, {"status": "enabled"}, key=world.key))["disabled_reason"] is None
    rotated = told(api("post", f"{path}/rotate", {}, key=world.key))
    assert rotated.pop("secret") not in (secret, None)
    assert rotated["previous_secret_expires_at"] is not None
    assert told(api("get", path, key=world.key)) == rotated
    assert api("delete", path, key=world.key).status_code == 204
    assert api("get", path, key=world.key).status_code == 404
    assert told(api("get", "/webhook-endpoints", key=world.key))["results"] == []


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({}, ("url", "missing")),
        ({"url": None}, ("url", "wrong_type")),
        ({"url": ""}, ("url", "not_allowed")),
        ({"url": "ftp://hooks.example/"}, ("url", "address_refused")),
        ({"url": "https://10.0.0.1/"}, ("url", "address_refused")),
        ({"url": "https://93.184.216.34/", "events": "wallet.low"}, ("events", "wrong_type")),
        ({"url": "https://93.184.216.34/", "events": ["a"]}, ("events.0", "not_allowed")),
        ({"url": "https://93.184.216.34/", "secret": "whsec_mine"}, ("secret", "unknown_field")),
        ({"url": "https://93.184.216.34/", "description": "x" * 201}, ("description", "not_allowed")),
    ],
)
def test_a_fault_is_told_by_field(body: dict[str, Any], wanted: tuple[str, str], api: Api, world: World) -> None:
    problem = told(api("post", "/webhook-endpoints", body, key=world.key), 422)
    assert [(error["path"], error["code"]) for error in problem["errors"]] == [wanted]


@pytest.mark.parametrize(
    ("hours", "code"), [(169, "not_allowed"), (-1, "not_allowed"), ("24", "wrong_type"), (True, "wrong_type")]
)
def test_an_overlap_has_bounds(hours: Any, code: str, api: Api, world: World) -> None:
    problem = told(api("post", "/webhook-secret/rotate", {"overlap_hours": hours}, key=world.key), 422)
    assert [(error["path"], error["code"]) for error in problem["errors"]] == [("overlap_hours", code)]


def test_the_teams_own_secret_is_shown_once(api: Api, world: World) -> None:
    assert told(api("get", "/webhook-secret", key=world.key)) == {"created_at": None, "previous_expires_at": None}
    first = told(api("post", "/webhook-secret/rotate", {}, key=world.key))
    assert (first["secret"][:6], first["previous_expires_at"]) == ("whsec_", None)
    again = told(api("post", "/webhook-secret/rotate", {"overlap_hours": 1}, key=world.key))
    assert again.pop("secret") != first["secret"]
    assert again["previous_expires_at"] is not None
    assert told(api("get", "/webhook-secret", key=world.key)) == again


@pytest.mark.parametrize("kind", EventType)
def test_each_example_arrives_marked_as_a_test(
    kind: EventType,
    api: Api,
    world: World,
    receiver: Receiver,  # noqa: F811
) -> None:
    made = added(api, world, receiver.url(), events=["payment.paid"])
    row = told(api("post", f"/webhook-endpoints/{made['id']}/test", {"type": kind}, key=world.key), 202)
    assert (row["status"], row["event"]["type"], row["tries"]) == ("pending", kind, 0)
    deliver_all()
    (heard,) = receiver.told
    assert heard.signed_by(made["secret"])
    assert (heard.json["type"], heard.json["data"]["test"]) == (kind, True)
    whole = told(api("get", f"/webhook-endpoints/{made['id']}/deliveries/{row['id']}", key=world.key))
    assert (whole["status"], whole["tries"], whole["body"]) == ("delivered", 1, heard.json)
    (tried,) = whole["attempts"]
    assert (tried["outcome"], tried["status"], tried["headers"]["webhook-id"]) == ("delivered", 204, heard.json["id"])
    assert made["secret"] not in str(whole)


def test_examples_are_as_the_real_thing(world: World) -> None:
    """generation.* here; the events of money beside their facts (tests/billing/test_webhook_facts.py)."""
    row = Generation.objects.prefetch_related("outputs").get(pk=ask(world).pk)
    shown = present.generation(row)
    for kind in (EventType.GENERATION_RUNNING, EventType.GENERATION_SUCCEEDED, EventType.GENERATION_FAILED):
        example = examples.of(kind)
        assert example.keys() == shown.keys()
        assert example["urls"].keys() == shown["urls"].keys()


def test_a_test_is_sent_once_and_ten_times_a_minute(
    api: Api,
    world: World,
    receiver: Receiver,  # noqa: F811
) -> None:
    made = added(api, world, receiver.url())
    receiver.status = 500
    path = f"/webhook-endpoints/{made['id']}"
    row = told(api("post", f"{path}/test", {}, key=world.key), 202)
    deliver_all()
    assert told(api("get", f"{path}/deliveries/{row['id']}", key=world.key))["status"] == "failed"
    assert told(api("get", path, key=world.key))["failing_since"] is None
    for _ in range(9):
        told(api("post", f"{path}/test", {}, key=world.key), 202)
    answer = api("post", f"{path}/test", {}, key=world.key)
    assert told(answer, 429)["code"] == "rate_limited"
    assert 1 <= int(answer["Retry-After"]) <= 61
    told(api("patch", path, {"status": "disabled"}, key=world.key))


def test_the_log_is_paged_filtered_and_sent_again(
    api: Api,
    world: World,
    receiver: Receiver,  # noqa: F811
) -> None:
    made = added(api, world, receiver.url())
    path = f"/webhook-endpoints/{made['id']}/deliveries"
    first, second_one = publish(world), publish(world, type=EventType.PAYMENT_PAID)
    attempt(first)
    listed = told(api("get", f"{path}?limit=1", key=world.key))
    assert [row["id"] for row in listed["results"]] == [second_one.public_id]
    following = told(api("get", listed["next"].partition("/api/v1")[2], key=world.key))
    assert [row["id"] for row in following["results"]] == [first.public_id]
    for query, wanted in (
        ("status=delivered", first),
        ("type=payment.paid", second_one),
        ("status=pending", second_one),
    ):
        found = told(api("get", f"{path}?{query}", key=world.key))["results"]
        assert [row["id"] for row in found] == [wanted.public_id], query
    for query in ("status=lost", "type=a", "status="):
        assert told(api("get", f"{path}?{query}", key=world.key), 422)["errors"][0]["path"] == query.partition("=")[0]
    again = told(api("post", f"{path}/{first.public_id}/redeliver", key=world.key), 202)
    assert (again["status"], again["tries"], again["event"]) == ("pending", 0, listed_event(following))
    attempt(first)
    assert [one.headers["webhook-id"] for one in receiver.told] == [first.event.public_id] * 2
    tries = told(api("get", f"{path}/{first.public_id}", key=world.key))["attempts"]
    assert [one["number"] for one in tries] == [1, 2]
    assert first.attempts.get(number=2).by == world.api_key.public_id
    told(api("patch", f"/webhook-endpoints/{made['id']}", {"status": "disabled"}, key=world.key))
    problem = told(api("post", f"{path}/{first.public_id}/redeliver", key=world.key), 409)
    assert problem["code"] == "endpoint_disabled"


def listed_event(page: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = page["results"][0]["event"]
    return found


def test_a_body_that_is_not_needed_may_be_left_out(client: Client, world: World) -> None:
    headers = {"Authorization": f"Bearer {world.key}"}
    for kind in ("", "application/x-www-form-urlencoded"):  # as curl sends nothing
        answer = client.post("/api/v1/webhook-secret/rotate", "", content_type=kind, headers=headers)
        assert answer.status_code == 200, answer.content
    answer = client.post("/api/v1/webhook-secret/rotate", {"overlap_hours": "0"}, headers=headers)
    assert answer.status_code == 415


def test_a_generations_own_log(api: Api, world: World, receiver: Receiver) -> None:  # noqa: F811
    generation = ask(world)
    row = publish(
        world, url=receiver.url(), type=EventType.GENERATION_RUNNING, subject=generation.public_id, payload={}
    )
    publish(world, url=receiver.url("/other"))  # of something else
    path = f"/generations/{generation.public_id}/deliveries"
    (listed,) = told(api("get", path, key=world.key))["results"]
    assert (listed["id"], listed["endpoint"], listed["url"]) == (row.public_id, None, receiver.url())
    attempt(row)
    assert told(api("get", f"{path}/{row.public_id}", key=world.key))["attempts"][0]["outcome"] == "delivered"
    told(api("post", f"{path}/{row.public_id}/redeliver", key=world.key), 202)
    other = ask(world).public_id
    assert api("get", f"/generations/{other}/deliveries/{row.public_id}", key=world.key).status_code == 404
