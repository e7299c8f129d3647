"""What the sandbox says of our money: the falling balances, fal's account and its billing events."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Ears, Fal, Kie, eventually
from tests.sandbox_client import SandboxProcess


def account(fal: Fal) -> Decimal:
    answer = fal.http.get("/v1/account/billing", params={"expand": "credits"}).json()
    assert answer["credits"]["currency"] == "USD"
    return Decimal(str(answer["credits"]["current_balance"]))


def events(fal: Fal, **query: Any) -> Any:
    return fal.http.get("/v1/models/billing-events", params=query).json()


def test_remained_credits_are_the_balance_that_falls(kie: Kie, ears: Ears) -> None:
    for number in range(3):
        kie.ended(kie.banana(f"picture {number}", ears.url))
        ears.wait(number + 1)
    told = [heard.body["data"]["remainedCredits"] for heard in ears.heard]
    assert told == [1000.5 - 18, 1000.5 - 36, 1000.5 - 54]
    assert kie.http.get("/api/v1/chat/credit").json() == {"code": 200, "msg": "success", "data": 1000.5 - 54}


def test_fals_balance_falls_by_what_its_events_say(fal: Fal) -> None:
    before = account(fal)
    submitted = [fal.qwen("a hill", num_images=2), fal.router("a poem")]
    for task in submitted:
        fal.ended(task)
    answer = events(fal, limit=10)
    assert (answer["has_more"], answer["next_cursor"]) == (False, None)
    costs = {row["request_id"]: Decimal(str(row["cost_total"])) for row in answer["billing_events"]}
    assert set(costs) == {task["request_id"] for task in submitted}
    assert before - account(fal) == sum(costs.values()) > 0
    image = next(row for row in answer["billing_events"] if row["endpoint_id"] == "fal-ai/qwen-image-edit-plus")
    assert (image["unit_price"], image["output_units"]) == (0.03, 2 * 512 * 512 / 1_000_000)
    assert image["cost_estimate_nano_usd"] == round(image["cost_total"] * 10**9)


def test_the_balance_is_told_only_where_it_is_asked_for(fal: Fal) -> None:
    assert fal.http.get("/v1/account/billing").json() == {"username": "sandbox"}


def test_events_come_in_pages_and_within_their_time(fal: Fal) -> None:
    ids = []
    for number in range(3):
        task = fal.router(f"poem {number}")
        fal.ended(task)
        ids.append(task["request_id"])
    first = events(fal, limit=2)
    assert (len(first["billing_events"]), first["has_more"]) == (2, True)
    second = events(fal, limit=2, cursor=first["next_cursor"])
    assert [row["request_id"] for row in first["billing_events"] + second["billing_events"]] == ids[::-1]
    assert events(fal, start="2020-01-01", end="2020-01-02")["billing_events"] == []
    assert fal.http.get("/v1/models/billing-events", params={"start": "yesterday"}).status_code == 400


def test_what_failed_costs_nothing(fal: Fal) -> None:
    before = account(fal)
    task = fal.qwen("a hill [[fail]]")
    eventually(lambda: fal.http.get(task["status_url"]).status_code == 200)
    assert account(fal) == before
    assert events(fal)["billing_events"] == []


@pytest.mark.parametrize(("fault", "status"), [("admin-key", 403), ("500", 500), ("html", 502), ("nonsense", 200)])
def test_faults_of_the_addresses_of_money(fal: Fal, provider: SandboxProcess, fault: str, status: int) -> None:
    provider.settings(billing_fault=fault)
    assert fal.http.get("/v1/account/billing").status_code == status
    assert fal.http.get("/v1/models/billing-events").status_code == status


def test_nobody_without_a_key(provider: SandboxProcess) -> None:
    for path in ("/v1/account/billing", "/v1/models/billing-events"):
        assert httpx.get(f"{provider.url}{path}", trust_env=False).status_code == 401
