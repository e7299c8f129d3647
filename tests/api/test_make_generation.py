"""POST /generations: accepted, priced, held, or refused for money (design sections 4.2 and 6)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Team, TeamStatus
from billing import budgets
from billing.models import LedgerAlarm, Period
from generations.models import Generation
from project import queue
from tests.api.conftest import ASK, PRICE, row_of
from tests.api.shapes import GENERATION, SHORTAGE, URLS, is_time, micro, problem

TEN_DOLLARS = 10_000_000


def test_an_accepted_one_has_exactly_these_fields(world: Any, api: Any, settings: Any) -> None:
    response = api("post", "/generations", {**ASK, "metadata": {"shot": "12", "a.b-c_D": ""}}, key=world.key)
    body = response.json()
    assert response.status_code == 201
    assert set(body) == GENERATION
    assert body["id"].startswith("gen_")
    assert (body["model"], body["status"]) == (ASK["model"], "queued")
    assert body["input"]["outputFormat"] == "jpeg"
    assert (body["outputs"], body["text"], body["error"]) == ([], None, None)
    assert [micro(body[name]) for name in ("price", "held", "charged", "refunded")] == [PRICE, PRICE, 0, 0]
    assert body["metadata"] == {"shot": "12", "a.b-c_D": ""}
    assert is_time(body["created_at"])
    assert is_time(body["expires_at"])
    assert (body["submitted_at"], body["finished_at"]) == (None, None)
    assert set(body["urls"]) == URLS
    assert response["Location"] == body["urls"]["self"] == f"{settings.SITE_URL}/api/v1/generations/{body['id']}"
    assert response["Cache-Control"] == "no-store"
    assert response["X-Request-Id"]
    assert api("get", f"/generations/{body['id']}", key=world.key).json() == body


def test_it_holds_the_price_and_queues_one_job(world: Any, make: Any, api: Any) -> None:
    body = make()
    wallet = api("get", "/wallet", key=world.key).json()
    assert micro(wallet["held"]) == PRICE
    assert micro(wallet["available"]) == TEN_DOLLARS - PRICE
    assert micro(wallet["balance"]) == TEN_DOLLARS
    assert [job.func for job in queue.pending()] == ["generations.tasks.dispatch"]
    row = row_of(body)
    assert (row.api_key, row.membership) == (world.api_key, None)


@pytest.mark.parametrize(
    "money", [{"usd": "0.025"}, {"usd": "0.0250"}, {"credits": "5"}, {"usd": "0.025", "credits": "5"}]
)
def test_max_price_takes_what_costs_exactly_that(world: Any, make: Any, money: Any) -> None:
    assert micro(make(max_price=money)["price"]) == PRICE


def test_max_price_refuses_anything_dearer(world: Any, api: Any) -> None:
    refused = api("post", "/generations", {**ASK, "max_price": {"usd": "0.024999"}}, key=world.key)
    body = problem(refused, 409, "max_price_exceeded", extra=frozenset({"price", "hold", "max_price"}))
    assert (micro(body["price"]), micro(body["hold"]), micro(body["max_price"])) == (PRICE, PRICE, 24_999)
    assert not Generation.objects.exists()


@pytest.mark.parametrize(
    "money",
    [
        0.3,
        "0.30",
        3,
        None,
        True,
        [],
        {},
        {"usd": 0.3},
        {"usd": None},
        {"usd": ""},
        {"usd": "-1"},
        {"usd": "+1"},
        {"usd": " 1"},
        {"usd": "1\n"},
        {"usd": "1e3"},
        {"usd": "NaN"},
        {"usd": ".5"},
        {"usd": "0,30"},
        {"usd": "0.0000001"},
        {"usd": "9" * 10},
        {"usd": "٣"},
        {"eur": "1"},
        {"usd": "1", "eur": "1"},
        {"usd": "1", "credits": "1"},
        {"credits": "0.0001"},
    ],
)
def test_money_that_is_not_exact_is_refused(world: Any, api: Any, money: Any) -> None:
    refused = api("post", "/generations", {**ASK, "max_price": money}, key=world.key)
    problem(refused, 422, "invalid", "max_price")


def test_402_says_what_is_missing_and_who_can_add(world: Any, api: Any, poor: str) -> None:
    body = problem(api("post", "/generations", ASK, key=poor), 402, "insufficient_credit", extra=frozenset(SHORTAGE))
    assert body["retryable"] is False
    assert body["limit_kind"] == "wallet"
    assert (micro(body["needed"]), micro(body["available"]), micro(body["missing"])) == (PRICE, 20_000, 5_000)
    assert body["raised_by"] == ["owner", "billing"]
    assert body["fits"] is None
    assert not Generation.objects.exists()
    assert queue.pending() == []


def test_402_names_the_dearest_variant_that_fits(world: Any, api: Any, poor: str) -> None:
    dear = {
        "model": "seedream-v4-edit",
        "input": {"prompt": "x", "image_urls": ["https://pictures.invalid/a.png"], "max_images": 4},
    }
    body = problem(api("post", "/generations", dear, key=poor), 402, "insufficient_credit", extra=frozenset(SHORTAGE))
    assert body["fits"]["input"] == {"max_images": 1}
    assert micro(body["fits"]["price"]) == 17_500


def test_a_keys_budget_answers_402_with_its_reset(world: Any, make: Any, api: Any) -> None:
    budgets.set_limit(by="test", team=world.team, api_key=world.api_key, period=Period.MONTH, limit=PRICE + 10_000)
    make()
    body = problem(api("post", "/generations", ASK, key=world.key), 402, "budget_exceeded", extra=frozenset(SHORTAGE))
    assert body["limit_kind"] == "key_month"
    assert [micro(body[name]) for name in ("limit", "used", "held", "available")] == [PRICE + 10_000, 0, PRICE, 10_000]
    assert body["raised_by"] == ["owner", "admin"]
    reset = datetime.fromisoformat(body["resets_at"])
    assert reset > datetime.now(tz=UTC)
    assert (reset.day, reset.hour) == (1, 0)


def test_a_suspended_team_reads_and_starts_nothing(world: Any, make: Any, api: Any) -> None:
    body = make()
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.SUSPENDED)
    problem(api("post", "/generations", ASK, key=world.key), 403, "team_suspended")
    assert api("get", f"/generations/{body['id']}", key=world.key).status_code == 200


def test_nothing_starts_while_the_ledger_is_in_doubt(world: Any, api: Any) -> None:
    LedgerAlarm.objects.create(broken=["a lie"])
    refused = api("post", "/generations", ASK, key=world.key)
    assert refused.status_code == 503
    assert refused.json()["retryable"] is True
    assert not Generation.objects.exists()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook",
        "https://127.0.0.1/hook",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://example.com:8443/",
        "https://user:pw@example.com/",
        "ftp://example.com/",
        "nonsense",
        "",
        "https://" + "a" * 2048,
        5,
        None,
        ["https://example.com/"],
    ],
)
def test_a_webhook_address_is_public_https(world: Any, api: Any, settings: Any, url: Any) -> None:
    settings.OUTBOUND_ALLOW_HOSTS = ()
    problem(api("post", "/generations", {**ASK, "webhook_url": url}, key=world.key), 422, "invalid", "webhook_url")


def test_a_webhook_address_without_an_answer_in_dns_is_taken(world: Any, make: Any) -> None:
    url = "https://hooks.nowhere.invalid/x"
    assert row_of(make(webhook_url=url)).webhook_url == url
