"""How often the API may be asked: per key, team and address, told in headers, refused with 429 (issue 5 item 3)."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import httpx
import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIRequestFactory

from accounts import keys, roles
from generations.models import Generation, IdempotencyRecord
from project import limits
from project.limit_settings import Policy
from project.models import Allowance
from tests.api.conftest import ASK
from tests.api.shapes import problem
from tests.project.test_limits import pass_time

LIMIT = frozenset({"rate_limit"})
Set = Callable[..., None]


@pytest.fixture
def numbers(settings: Any) -> Set:
    """numbers(key=3): these quotas in 60 seconds, the others wide."""

    def set_(**quotas: int) -> None:
        names = ("key", "team", "address", "failed-keys")
        given = {name.replace("_", "-"): quota for name, quota in quotas.items()}
        settings.RATE_LIMITS = {name: Policy(name, given.get(name, 1000), 60) for name in names}

    return set_


def told(response: Any) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]:
    """The policies (quota, window) and standings (remaining, seconds) of an answer's headers, read strictly."""
    found = []
    for header, first, second in (("RateLimit-Policy", "q", "w"), ("RateLimit", "r", "t")):
        items = response.headers[header].split(", ")
        parts = [re.fullmatch(rf'"([a-z-]+)";{first}=([0-9]+);{second}=([0-9]+)', item) for item in items]
        found.append({part[1]: (int(part[2]), int(part[3])) for part in parts if part})
        assert len(found[-1]) == len(items)
    assert list(found[0]) == list(found[1])
    return found[0], found[1]


def test_each_answer_tells_the_policies_and_what_is_left(world: Any, api: Any, numbers: Set) -> None:
    numbers(key=3, team=5)
    begun = time.monotonic()
    for left in (2, 1, 0):
        policies, standing = told(api("get", "/key", key=world.key))
        assert policies == {"key": (3, 60), "team": (5, 60)}
        assert (standing["key"][0], standing["team"][0]) == (left, left + 2)
        gone = time.monotonic() - begun
        assert all(60 - gone <= seconds <= 61 for _, seconds in standing.values())


def test_one_too_many_is_refused_with_the_limit_and_the_wait(world: Any, api: Any, numbers: Set) -> None:
    numbers(key=2, team=9)
    for _ in range(2):
        assert api("get", "/key", key=world.key).status_code == 200
    response = api("get", "/key", key=world.key)
    body = problem(response, 429, "rate_limited", extra=LIMIT)
    assert body["retryable"] is True
    assert body["rate_limit"] == {"policy": "key", "requests": 2, "seconds": 60}
    assert body["detail"].startswith("This API key may make 2 requests in 60 seconds.")
    assert re.fullmatch("[0-9]+", response["Retry-After"])
    standing = told(response)[1]
    assert standing["key"] == (0, int(response["Retry-After"]))
    assert standing["team"][0] == 7  # the refused one is not the team's
    pass_time(int(response["Retry-After"]))
    assert api("get", "/key", key=world.key).status_code == 200


def test_the_keys_of_a_team_share_its_limit_and_other_teams_do_not(world: Any, api: Any, numbers: Set) -> None:
    numbers(key=3, team=4)
    _, second = keys.issue(team=world.team, name="second", scopes=list(roles.SCOPES), by=None)
    assert [api("get", "/key", key=key).status_code for key in (world.key, world.key, second, second)] == [200] * 4
    for key in (world.key, second):
        body = problem(api("get", "/key", key=key), 429, "rate_limited", extra=LIMIT)
        assert body["rate_limit"]["policy"] == "team"
        assert body["detail"].startswith("The team, with all its API keys, may make 4")
    assert api("get", "/key", key=world.other_key).status_code == 200
    held = {row.key: sum(row.counts) for row in Allowance.objects.filter(key__startswith="key/")}
    assert sorted(held.values()) == [1, 2, 2]  # nothing was taken from a key that its team's limit refused


def test_a_refused_request_is_not_read_and_not_remembered(world: Any, api: Any, numbers: Set) -> None:
    numbers(key=1)
    assert api("get", "/key", key=world.key).status_code == 200
    sent = {"Idempotency-Key": "once"}
    problem(api("post", "/generations", ASK, key=world.key, headers=sent), 429, "rate_limited", extra=LIMIT)
    problem(api("post", "/generations", b"{", key=world.key, headers=sent), 429, "rate_limited", extra=LIMIT)
    assert Generation.objects.count() + IdempotencyRecord.objects.count() == 0
    pass_time(61)
    response = api("post", "/generations", ASK, key=world.key, headers=sent)
    assert response.status_code == 201
    assert "Idempotency-Replayed" not in response.headers


def test_a_limit_is_asked_before_the_body_arrives(world: Any, numbers: Set, db: None) -> None:
    """The body of the refused request raises when it is read: nobody does."""
    from generations.api_generations import GenerationsView

    class Unread:
        def read(self, *args: object) -> bytes:
            raise AssertionError("the body was read")

    numbers(key=1)
    for status in (422, 429):
        request = APIRequestFactory().post(
            "/api/v1/generations",
            data=b"{}",
            content_type="application/json",
            headers={"Authorization": f"Bearer {world.key}"},
        )
        if status == 429:
            request._stream = Unread()  # type: ignore[attr-defined]
        assert GenerationsView.as_view()(request).status_code == status


def test_without_a_key_the_address_counts(world: Any, api: Any, client: Client, numbers: Set) -> None:
    numbers(address=3)
    for call, status in (("/models", 200), ("/models/veo-3.1-fast", 200), ("/nowhere", 404)):
        response = client.get(f"/api/v1{call}")
        assert response.status_code == status
        assert set(told(response)[0]) == {"address"}
    for method, call in (("get", "/models"), ("get", "/key"), ("post", "/generations"), ("get", "/nowhere")):
        body = problem(client.generic(method.upper(), f"/api/v1{call}"), 429, "rate_limited", extra=LIMIT)
        assert body["rate_limit"]["policy"] == "address"
    assert api("get", "/models", key=world.key).status_code == 200  # a key counts for itself


def test_addresses_are_told_apart_behind_our_proxies(client: Client, world: Any, numbers: Set, settings: Any) -> None:
    numbers(address=1)
    settings.TRUSTED_PROXY_COUNT = 1

    def status(forwarded: str) -> int:
        return client.get("/api/v1/models", headers={"X-Forwarded-For": forwarded}).status_code

    assert [status(one) for one in ("192.0.2.1", "192.0.2.2", "9.9.9.9, 192.0.2.1")] == [200, 200, 429]
    assert [status(one) for one in ("2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1")] == [200, 429, 200]


def test_keys_that_do_not_open_are_few_and_a_good_one_stays_good(world: Any, api: Any, numbers: Set) -> None:
    numbers(failed_keys=2)
    wrong = world.key[:-1] + ("a" if world.key[-1] != "a" else "b")
    for header in ("Bearer nonsense", f"Bearer {wrong}"):
        response = api("get", "/key", headers={"Authorization": header})
        problem(response, 401, "unauthenticated")
        assert set(told(response)[0]) == {"failed-keys"}
    body = problem(api("get", "/key", headers={"Authorization": "Basic x"}), 429, "rate_limited", extra=LIMIT)
    assert body["rate_limit"]["policy"] == "failed-keys"
    assert body["detail"].startswith("This address, with keys that do not open, may make 2")
    assert api("get", "/key", key=world.key).status_code == 200
    assert api("get", "/models").status_code == 200


def test_what_a_scope_refuses_counts_too(world: Any, api: Any, numbers: Set) -> None:
    numbers(key=1)
    _, text = keys.issue(team=world.team, name="reads", scopes=["read"], by=None)
    assert [api("get", "/wallet/entries", key=text).status_code for _ in range(2)] == [403, 429]


@pytest.mark.parametrize("method", ["get", "head", "options", "post", "delete"])
def test_every_method_counts(world: Any, client: Client, numbers: Set, method: str) -> None:
    numbers(key=1)
    sent = {"Authorization": f"Bearer {world.key}"}
    assert client.generic(method.upper(), "/api/v1/wallet", headers=sent).status_code != 429
    response = client.generic(method.upper(), "/api/v1/wallet", headers=sent)
    assert response.status_code == 429
    assert response["Retry-After"]


def test_it_costs_one_statement(world: Any, api: Any, numbers: Set) -> None:
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        api("get", "/key", key=world.key)
    assert sum("project_" in query["sql"] for query in captured) == 1


@pytest.fixture
def small(settings: Any) -> Iterator[None]:
    wide = settings.RATE_LIMITS
    settings.RATE_LIMITS = {**wide, "key": Policy("key", 12, 3600)}
    yield
    settings.RATE_LIMITS = wide


@pytest.fixture
def patient(transactional_db: None) -> Iterator[None]:
    """A take waits for its rows as long as it must: on a busy machine no process counts by itself meanwhile."""
    alter = "ALTER FUNCTION project_take_allowance SET lock_timeout = '{}'"
    with connection.cursor() as cursor:
        cursor.execute(alter.format("60s"))
        yield
        cursor.execute(alter.format("500ms"))


@pytest.mark.usefixtures("patient")
def test_over_real_http_exactly_the_quota_passes(committed_world: Any, site: str, small: None) -> None:
    barrier = Barrier(10)

    def ask(_: int) -> list[httpx.Response]:
        barrier.wait(timeout=30)
        with httpx.Client(trust_env=False, timeout=30) as http:
            sent = {"Authorization": f"Bearer {committed_world.key}"}
            return [http.get(f"{site}/api/v1/key", headers=sent) for _ in range(4)]

    with ThreadPoolExecutor(10) as pool:
        answers = [answer for some in pool.map(ask, range(10)) for answer in some]
    passed = [answer for answer in answers if answer.status_code == 200]
    assert sorted(told(answer)[1]["key"][0] for answer in passed) == list(range(12))
    assert len(answers) - len(passed) == sum(answer.status_code == 429 for answer in answers)


def test_pruning_is_the_clocks(settings: Any) -> None:
    assert f"{limits.__name__}.{limits.prune.__name__}" in settings.CLOCK["sweep"]
