"""A generation's life is told to endpoints and to its own webhook_url, each fact once and as readers see it."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.request import urlopen

import pytest
from django.db import transaction

from accounts.models import OutgoingEvent
from accounts.webhooks import endpoints, secrets
from generations import callbacks, idempotency, intake, observation, outcomes, present
from generations.models import Callback, Generation, Reason
from project import queue
from tests.accounts.webhooks.conftest import receiver, second  # noqa: F401  (fixtures)
from tests.accounts.webhooks.receiver import Receiver
from tests.concurrency.racing import race
from tests.flows.asking import again, ask
from tests.flows.test_poll_meets_callback import wait_for_the_end
from tests.jobs import Jobs
from tests.sandbox_client import SandboxProcess
from tests.world import World

SLUG, DATA = "nano-banana-edit", {"prompt": "a cat", "image_urls": ["https://img.example/a.png"]}


@pytest.fixture
def endpoint(world_of_test: World, receiver: Receiver) -> str:  # noqa: F811
    """The secret of an endpoint that hears everything."""
    return endpoints.add(by=world_of_test.actor(world_of_test.alice), url=receiver.url("/all"))[1]


@pytest.fixture
def world_of_test(request: pytest.FixtureRequest) -> World:
    name = "committed_world" if "committed_world" in request.fixturenames else "world"
    found: World = request.getfixturevalue(name)
    return found


def asked(world: World, url: str, **more: Any) -> Generation:
    request = intake.Request(model=SLUG, input=DATA, webhook_url=url, **more)
    generation, _ = intake.accept(
        actor=world.actor(), request=request, render=lambda row: idempotency.Answer(201, {"id": row.public_id}, {})
    )
    assert generation is not None
    return generation


def types(told: Receiver) -> list[tuple[str, int]]:
    return sorted(((one.json["type"], one.json["sequence"]) for one in told.told), key=lambda pair: pair[1])


def test_running_and_succeeded_are_told_to_both(
    committed_world: World,
    sandbox: SandboxProcess,
    site: str,
    jobs: Jobs,
    receiver: Receiver,  # noqa: F811
    second: Receiver,  # noqa: F811
    endpoint: str,
) -> None:
    generation = asked(committed_world, second.url("/mine"), metadata={"order": "7"})
    (generation,) = jobs.until(generation.pk)
    jobs.drain()
    wanted = [("generation.running", 1), ("generation.succeeded", 2)]
    assert types(receiver) == types(second) == wanted
    (own,) = secrets.valid(committed_world.team)
    assert all(told.signed_by(endpoint) for told in receiver.told)
    assert all(told.signed_by(own) and not told.signed_by(endpoint) for told in second.told)
    last = max(receiver.told, key=lambda told: int(told.json["sequence"])).json["data"]
    shown = present.generation(Generation.objects.prefetch_related("outputs").get(pk=generation.pk))
    assert last.keys() == shown.keys()
    assert {**last, "outputs": []} == {**shown, "outputs": []}
    (output,) = last["outputs"]
    assert {**output, "url": ""} == {**shown["outputs"][0], "url": ""}
    assert len(urlopen(output["url"]).read()) == output["bytes"]  # noqa: S310 - our own link
    first = min(receiver.told, key=lambda told: int(told.json["sequence"])).json["data"]
    assert (first["status"], first["outputs"], first["metadata"]) == ("running", [], {"order": "7"})
    assert first["submitted_at"] == shown["submitted_at"]
    kept = str(list(OutgoingEvent.objects.values_list("payload", flat=True)))
    assert "signature=" not in kept


def test_poll_and_callback_at_once_tell_once(
    committed_world: World,
    sandbox: SandboxProcess,
    site: str,
    jobs: Jobs,
    receiver: Receiver,  # noqa: F811
    endpoint: str,
) -> None:
    generation = ask(committed_world, SLUG, "[[lost-callback]] a cat")
    jobs.until(generation.pk, status="running")
    assert sandbox.callback(wait_for_the_end(sandbox))["status"] == 200
    callback = Callback.objects.get()
    race(
        [
            *[partial(callbacks.process, callback_id=callback.pk) for _ in range(3)],
            *[partial(observation.observe, generation_id=generation.pk) for _ in range(3)],
        ]
    )
    jobs.until(generation.pk)
    jobs.drain(repeat=2)
    assert types(receiver) == [("generation.running", 1), ("generation.succeeded", 2)]


def test_a_failure_is_told_once(world: World, receiver: Receiver, endpoint: str, jobs: Jobs) -> None:  # noqa: F811
    generation = ask(world, SLUG)
    for _ in range(3):
        outcomes.fail(generation_id=generation.pk, reason=Reason.PROVIDER_FAILED, detail="the provider's own words")
    observation.expire(generation_id=generation.pk)
    jobs.drain()
    (told,) = receiver.told
    assert told.json["type"] == "generation.failed"
    assert told.json["data"]["error"]["code"] == "provider_failed"
    assert told.json["data"]["error"]["retryable"] is True
    assert b"own words" not in told.body


def test_a_cancellation_is_told_once(world: World, receiver: Receiver, endpoint: str, jobs: Jobs) -> None:  # noqa: F811
    generation = ask(world, SLUG)
    for _ in range(2):
        outcomes.cancel(generation_id=generation.pk, actor="test")
    jobs.drain()
    (told,) = receiver.told
    assert (told.json["type"], told.json["sequence"]) == ("generation.canceled", 1)
    assert told.json["data"]["id"] == generation.public_id


def test_a_fact_that_is_taken_back_is_not_told(
    world: World,
    endpoint: str,
) -> None:
    generation = ask(world, SLUG)

    def fail_and_fall() -> None:
        with transaction.atomic():
            outcomes.fail_locked(again(generation.pk), reason=Reason.PROVIDER_FAILED)
            assert OutgoingEvent.objects.count() == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_and_fall()
    assert OutgoingEvent.objects.count() == 0
    assert [job for job in queue.pending() if job.lane == "hooks"] == []
