"""`Prefer: wait=N`: the answer comes with the end, or after N seconds; nothing is locked meanwhile (design 6)."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from generations import outcomes
from generations.models import Generation
from tests.api.conftest import ASK
from tests.api.shapes import GENERATION


def post(key: str, headers: dict[str, str]) -> tuple[Any, float]:
    """One request of a thread of its own, and how long it took in seconds."""
    begun = time.monotonic()
    try:
        sent = {"Authorization": f"Bearer {key}", **headers}
        answer = Client().post("/api/v1/generations", ASK, content_type="application/json", headers=sent)
        return answer, time.monotonic() - begun
    finally:
        connection.close()


def first_generation() -> Generation:
    for _ in range(400):
        found = Generation.objects.first()
        if found is not None:
            return found
        time.sleep(0.05)
    raise AssertionError("no generation was made")


def test_it_answers_as_soon_as_it_ends(committed_world: Any) -> None:
    headers = {"Prefer": "respond-async, wait=30", "Idempotency-Key": "k"}
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(post, committed_world.key, headers)
        row = first_generation()
        with connection.cursor() as cursor:  # whoever waits has no transaction open
            cursor.execute(
                """SELECT count(*) FROM pg_stat_activity
                   WHERE state = 'idle in transaction' AND datname = current_database()"""
            )
            assert cursor.fetchone() == (0,)
        outcomes.cancel(generation_id=row.pk, actor="test")
        answer, seconds = waiting.result(timeout=60)
    body = answer.json()
    assert answer.status_code == 201
    assert set(body) == GENERATION
    assert body["status"] == "canceled"
    assert answer["Preference-Applied"] == "wait=30"
    assert answer["Location"] == body["urls"]["self"]
    assert seconds < 20


def test_a_replay_is_the_answer_of_its_acceptance_and_does_not_wait(committed_world: Any) -> None:
    headers = {"Prefer": "wait=1", "Idempotency-Key": "k"}
    first, _ = post(committed_world.key, headers)
    outcomes.cancel(generation_id=Generation.objects.get().pk, actor="test")
    again, _ = post(committed_world.key, {**headers, "Prefer": "wait=60"})
    assert again["Idempotency-Replayed"] == "true"
    assert (again.json()["id"], again.json()["status"]) == (first.json()["id"], "queued")
    assert "Preference-Applied" not in again.headers


def test_it_gives_up_after_its_seconds(world: Any, api: Any) -> None:
    begun = time.monotonic()
    answer = api("post", "/generations", ASK, key=world.key, headers={"Prefer": "wait=1"})
    assert 1 <= time.monotonic() - begun < 10
    assert (answer.status_code, answer.json()["status"]) == (201, "queued")
    assert answer["Preference-Applied"] == "wait=1"


UNREAD = ["wait=0", "wait", "wait=", "wait=x", "wait=-5", "wait=1.5", "await=9", "return=minimal", ""]


@pytest.mark.parametrize("prefer", UNREAD)
def test_a_preference_that_cannot_be_read_is_passed_over(world: Any, api: Any, prefer: str) -> None:
    answer = api("post", "/generations", ASK, key=world.key, headers={"Prefer": prefer})
    assert answer.status_code == 201
    assert "Preference-Applied" not in answer.headers
