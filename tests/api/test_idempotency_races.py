"""The same Idempotency-Key from many callers at once, on real connections (invariants.md I1, faults.md row 58)."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest
from django.db import connection, transaction
from django.test import Client

from billing import ledger
from generations import idempotency
from generations.models import Generation, IdempotencyRecord
from project import queue
from tests.api.conftest import ASK, PRICE
from tests.api.shapes import problem
from tests.world import team_of

THREADS = 20


def post(key: str, headers: dict[str, str], *, lock_timeout: str = "60s") -> Any:
    """One request of a thread of its own, on a connection of its own. A busy machine must not decide a race."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{lock_timeout}'; SET statement_timeout = '60s'")
        sent = {"Authorization": f"Bearer {key}", **headers}
        return Client().post("/api/v1/generations", ASK, content_type="application/json", headers=sent)
    finally:
        connection.close()


def test_twenty_at_once_make_one_generation(committed_world: Any) -> None:
    barrier = Barrier(THREADS)

    def one(_: int) -> Any:
        barrier.wait(timeout=30)
        return post(committed_world.key, {"Idempotency-Key": "once"})

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(one, range(THREADS)))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {201, 409}
    made = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in made}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in made) == 1
    assert all(answer["Retry-After"] for answer in answers if answer.status_code == 409)
    assert Generation.objects.count() == IdempotencyRecord.objects.count() == 1
    assert len(queue.pending()) == 1
    assert ledger.wallet(committed_world.team.pk).held.balance == PRICE


def test_while_the_first_is_under_way_the_second_gets_409(committed_world: Any, api: Any) -> None:
    with transaction.atomic():
        idempotency.begin(team=committed_world.team, key="slow", print_of_request="0" * 64)
        with ThreadPoolExecutor(1) as pool:
            waits = {"Idempotency-Key": "slow"}
            answer = pool.submit(post, committed_world.key, waits, lock_timeout="200ms").result(timeout=30)
        transaction.set_rollback(True)
    body = problem(answer, 409, "idempotency_in_progress")
    assert body["retryable"] is True
    assert answer["Retry-After"]
    assert not Generation.objects.exists()
    after = api("post", "/generations", ASK, key=committed_world.key, headers={"Idempotency-Key": "slow"})
    assert after.status_code == 201  # the first was taken back: nothing is remembered of it


def test_a_wallet_that_stays_locked_answers_503_and_writes_nothing(committed_world: Any) -> None:
    with transaction.atomic():
        ledger.lock_wallet(committed_world.team.pk)
        with ThreadPoolExecutor(1) as pool:
            sent = {"Idempotency-Key": "k"}
            answer = pool.submit(post, committed_world.key, sent, lock_timeout="200ms").result(timeout=30)
    body = problem(answer, 503, "busy")
    assert body["retryable"] is True
    assert answer["Retry-After"]
    assert Generation.objects.count() + IdempotencyRecord.objects.count() == 0


@pytest.mark.parametrize("distinct", [False, True])
def test_the_last_credit_is_spent_once(committed_world: Any, distinct: bool) -> None:
    """20 requests at once for credit that pays for one: one 201, the others 402 (faults.md row 57)."""
    with transaction.atomic():
        _, _, key = team_of("Last", committed_world.mallory, PRICE)
    barrier = Barrier(THREADS)

    def one(number: int) -> int:
        barrier.wait(timeout=30)
        headers = {"Idempotency-Key": f"k{number}"} if distinct else {}
        return int(post(key, headers).status_code)

    with ThreadPoolExecutor(THREADS) as pool:
        statuses = Counter(pool.map(one, range(THREADS)))
    assert statuses == {201: 1, 402: THREADS - 1}
    assert Generation.objects.count() == 1


def test_twenty_at_once_over_http_make_one_generation(committed_world: Any, site: str) -> None:
    """The same over real connections to a real server: one is made, charged once, and everybody is told of that one."""
    barrier = Barrier(THREADS)
    sent = {"Authorization": f"Bearer {committed_world.key}", "Idempotency-Key": "once over http"}

    def one(_: int) -> httpx.Response:
        with httpx.Client(trust_env=False, timeout=60) as http:
            barrier.wait(timeout=30)
            return http.post(f"{site}/api/v1/generations", json=ASK, headers=sent)

    with ThreadPoolExecutor(THREADS) as pool:
        answers = list(pool.map(one, range(THREADS)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in made}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in made) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "idempotency_in_progress"
            assert answer.headers["Retry-After"] == "2"
    assert Generation.objects.count() == IdempotencyRecord.objects.count() == 1
    assert len(queue.pending()) == 1
    assert ledger.wallet(committed_world.team.pk).held.balance == PRICE
