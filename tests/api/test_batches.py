"""POST /generations/batch: all of it or what fits, in one step and under one key (issue of the REST API, item 4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from accounts import keys
from accounts.models import ApiKey
from billing import credits, reconcile
from billing.models import Budget, BudgetUsage, Hold
from generations import api_batches, batch_requests, batches, offers, outcomes
from generations.models import Batch, Generation, GenerationEvent, IdempotencyRecord, Listing
from project import queue
from project.errors import PaymentRequired
from tests.api.conftest import ASK, PRICE
from tests.api.shapes import BATCH, GENERATION, PROBLEM, SHORTAGE, micro, problem
from tests.billing.conftest import cap, key_cap
from tests.invariants.refusals import ALL_CHECKS

DIME = 100_000
KEY = {"Idempotency-Key": "one batch"}
FITS = frozenset(SHORTAGE)
NO_FIT = FITS - {"fits"}


@pytest.fixture
def dimes(world: Any) -> None:
    """flux-kontext-pro costs $0.10."""
    offers.publish(slug=ASK["model"], rates={"image": DIME}, margin_ppm=0, by="test", reason="test")


def ask(count: int, **fields: Any) -> dict[str, Any]:
    """A batch of `count` images with prompts of their own."""
    return {"requests": [{**ASK, "input": {"prompt": f"number {n}"}} for n in range(count)], **fields}


def post(api: Any, key: str, body: Any, **more: Any) -> Any:
    return api("post", "/generations/batch", body, key=key, **more)


def nothing_written() -> bool:
    return not (Generation.objects.exists() or Hold.objects.exists() or Batch.objects.exists() or queue.pending())


def test_all_of_it(world: Any, api: Any) -> None:
    answer = post(api, world.key, ask(3, name="  Autumn   campaign ", metadata={"film": "7"}))
    body = answer.json()
    assert answer.status_code == 201, answer.content
    assert set(body) == BATCH
    assert answer["Location"] == body["urls"]["self"]
    assert (body["name"], body["mode"]) == ("Autumn campaign", "all")
    assert (body["count"], body["accepted"], body["refused"]) == (3, 3, 0)
    assert micro(body["price"]) == micro(body["held"]) == 3 * PRICE
    assert [(item["index"], item["status"]) for item in body["items"]] == [(n, "accepted") for n in range(3)]
    assert all(set(item["generation"]) == GENERATION for item in body["items"])
    assert [item["generation"]["input"]["prompt"] for item in body["items"]] == [f"number {n}" for n in range(3)]
    rows = list(Generation.objects.order_by("created_at"))
    assert [row.batch_index for row in rows] == [0, 1, 2]  # the queue takes them in the order of the batch
    assert {row.metadata["film"] for row in rows} == {"7"}
    assert GenerationEvent.objects.filter(kind="accepted").count() == 3
    assert len(queue.pending()) == 1  # one ring of the one provider
    assert reconcile.failures(ALL_CHECKS) == []


def test_one_ring_for_each_provider(world: Any, api: Any) -> None:
    text = {"model": "prompt-expansion-text", "input": {"prompt": "a dog"}}
    assert post(api, world.key, {"requests": [ASK, text, ASK, text]}).status_code == 201
    assert sorted(job.args for job in queue.pending()) == [("fal",), ("kie",)]


def test_metadata_and_addresses_of_a_request_win_over_the_batchs(world: Any, api: Any) -> None:
    mine = {**ASK, "metadata": {"shot": "own"}, "webhook_url": "https://203.0.114.7/own"}
    body = {"requests": [ASK, mine], "metadata": {"shot": "all", "film": "7"}, "webhook_url": "https://203.0.114.7/all"}
    assert post(api, world.key, body).status_code == 201
    first, second = Generation.objects.order_by("batch_index")
    assert (first.metadata, first.webhook_url) == ({"shot": "all", "film": "7"}, "https://203.0.114.7/all")
    assert (second.metadata, second.webhook_url) == ({"shot": "own", "film": "7"}, "https://203.0.114.7/own")


def test_a_grid_is_models_by_prompts_by_settings(world: Any, api: Any) -> None:
    grid = {
        "models": ["flux-kontext-pro", "flux-kontext-max"],
        "prompts": ["a", "b"],
        "settings": [{"aspectRatio": "1:1"}, {"aspectRatio": "4:3"}],
    }
    body = post(api, world.key, {"grid": grid}).json()
    made = [item["generation"] for item in body["items"]]
    assert [(each["model"][13:], each["input"]["prompt"], each["input"]["aspectRatio"]) for each in made] == [
        (model, prompt, ratio) for model in ("pro", "max") for prompt in "ab" for ratio in ("1:1", "4:3")
    ]


def test_a_cap_of_five_dollars_takes_fifty_dimes(world: Any, api: Any, dimes: None) -> None:
    budget = key_cap(world, 5_000_000)
    body = post(api, world.key, ask(100, mode="fit")).json()
    assert (body["count"], body["accepted"], body["refused"]) == (100, 50, 50)
    assert [item["status"] for item in body["items"]] == ["accepted"] * 50 + ["refused"] * 50
    for item in body["items"][50:]:
        assert set(item["error"]) == PROBLEM | FITS
        assert (item["error"]["status"], item["error"]["code"]) == (402, "budget_exceeded")
        assert micro(item["error"]["available"]) == 0
        assert item["error"]["limit_kind"] == "key_day"
    assert micro(body["held"]) == 5_000_000 == BudgetUsage.objects.get(budget=budget).held
    assert Generation.objects.count() == Hold.objects.count() == 50
    assert reconcile.failures(ALL_CHECKS) == []


def test_what_the_wallet_refuses_is_not_counted_in_a_cap(world: Any, api: Any) -> None:
    """$10 of credit under a cap of $100: the third and fourth of $4 were counted, refused and taken back."""
    offers.publish(slug=ASK["model"], rates={"image": 4_000_000}, margin_ppm=0, by="test", reason="test")
    budget = key_cap(world, 100_000_000)
    body = post(api, world.key, ask(4, mode="fit")).json()
    assert (body["accepted"], body["items"][2]["error"]["code"]) == (2, "insufficient_credit")
    assert BudgetUsage.objects.get(budget=budget).held == 8_000_000
    assert reconcile.failures(ALL_CHECKS) == []


def test_all_or_nothing_under_the_same_cap(world: Any, api: Any, dimes: None) -> None:
    key_cap(world, 5_000_000)
    body = problem(post(api, world.key, ask(51)), 402, "budget_exceeded", extra=NO_FIT)
    assert (micro(body["needed"]), micro(body["available"])) == (5_100_000, 5_000_000)  # the sum, not the 51st
    assert nothing_written()
    assert post(api, world.key, ask(50)).status_code == 201
    assert BudgetUsage.objects.get(budget=Budget.objects.get()).held == 5_000_000


def test_a_member_in_a_browser_has_a_cap_too(world: Any, dimes: None) -> None:
    """The verb asks for the budgets of whoever acts; the API only ever comes with a key."""
    budget = cap(world, world.bob, 3 * DIME)
    bob = world.actor(world.bob)
    with pytest.raises(PaymentRequired):
        batches.accept(actor=bob, order=batch_requests.batch(ask(4), idempotency=None), render=api_batches._accepted)
    order = batch_requests.batch(ask(4, mode="fit"), idempotency=None)
    batch, _ = batches.accept(actor=bob, order=order, render=api_batches._accepted)
    assert batch is not None
    assert (batch.accepted, batch.membership) == (3, bob.membership)
    assert BudgetUsage.objects.get(budget=budget).held == 3 * DIME


def test_what_is_refused_leaves_room_for_a_smaller_one(world: Any, api: Any, poor: str) -> None:
    """4 credits: an image of 5 does not fit, a text does."""
    text = {"model": "prompt-expansion-text", "input": {"prompt": "a dog", "max_tokens": 64}}
    body = post(api, poor, {"requests": [ASK, text, ASK], "mode": "fit"}).json()
    assert [item["status"] for item in body["items"]] == ["refused", "accepted", "refused"]
    assert [item["error"]["code"] for item in body["items"] if "error" in item] == ["insufficient_credit"] * 2


def test_when_nothing_fits_the_answer_is_the_refusal(world: Any, api: Any, poor: str) -> None:
    problem(post(api, poor, ask(2, mode="fit")), 402, "insufficient_credit", extra=FITS)
    assert nothing_written()


def test_stop_at_bounds_the_sum_of_holds(world: Any, api: Any) -> None:
    stop = {"usd": "0.06"}
    body = post(api, world.key, ask(4, mode="fit", stop_at=stop)).json()
    assert [item["status"] for item in body["items"]] == ["accepted"] * 2 + ["refused"] * 2
    error = body["items"][2]["error"]
    assert (error["status"], error["code"], error["limit_kind"]) == (402, "stop_at_reached", "stop_at")
    assert (micro(error["limit"]), micro(error["held"]), micro(error["available"])) == (60_000, 50_000, 10_000)
    refused = problem(post(api, world.key, ask(3, stop_at=stop)), 402, "stop_at_reached", extra=NO_FIT)
    assert micro(refused["needed"]) == 75_000
    assert Generation.objects.count() == 2


def test_max_price_is_of_each(world: Any, api: Any) -> None:
    dear = {**ASK, "max_price": {"usd": "0.01"}}
    body = post(api, world.key, {"requests": [ASK, dear], "mode": "fit"}).json()
    assert [item["status"] for item in body["items"]] == ["accepted", "refused"]
    assert body["items"][1]["error"]["code"] == "max_price_exceeded"
    problem(
        post(api, world.key, {"requests": [ASK, dear]}),
        409,
        "max_price_exceeded",
        extra=frozenset({"price", "hold", "max_price"}),
    )


def test_a_model_that_is_off_and_one_that_the_key_may_not_use(world: Any, api: Any) -> None:
    Listing.objects.filter(pk="veo-3.1-fast").update(available=False, note="Back tomorrow.")
    row, key = keys.issue(team=world.team, name="held", scopes=["generate"], by=world.alice)
    ApiKey.objects.filter(pk=row.pk).update(allowed_models=["flux-kontext-pro", "veo-3.1-fast"])
    other = {"model": "flux-kontext-max", "input": {"prompt": "a dog"}}
    off = {"model": "veo-3.1-fast", "input": {"prompt": "a dog"}}
    body = post(api, key, {"requests": [off, ASK, other], "mode": "fit"}).json()
    assert [item.get("error", {}).get("code") for item in body["items"]] == [
        "model_unavailable",
        None,
        "model_not_allowed",
    ]
    problem(post(api, key, {"requests": [ASK, other]}), 403, "model_not_allowed", "requests.1.model")
    problem(post(api, key, {"requests": [off, off]}), 409, "model_unavailable")


def test_a_replay_is_the_first_answer(world: Any, api: Any) -> None:
    first = post(api, world.key, ask(3), headers=KEY)
    outcomes.cancel(generation_id=Generation.objects.earliest("created_at").pk, actor="test")
    again = post(api, world.key, ask(3), headers=KEY)
    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert (Batch.objects.count(), Generation.objects.count()) == (1, 3)
    problem(post(api, world.key, ask(2), headers=KEY), 422, "idempotency_key_reused")
    problem(post(api, world.key, ask(3, mode="fit"), headers=KEY), 422, "idempotency_key_reused")


def test_402_is_remembered_and_422_is_not(world: Any, api: Any, poor: str) -> None:
    assert post(api, poor, {"requests": [{**ASK, "input": {}}]}, headers=KEY).status_code == 422
    first = post(api, poor, ask(2), headers=KEY)
    assert first.status_code == 402
    with transaction.atomic():
        team = IdempotencyRecord.objects.get().team
        credits.grant(team=team, amount=10**6, actor="test", reason="more", grant_id=team.uuid)
    again = post(api, poor, ask(2), headers=KEY)
    assert (again.status_code, again.content, again["Idempotency-Replayed"]) == (402, first.content, "true")
    assert nothing_written()


def test_it_is_shown_again_as_it_is_now(world: Any, api: Any, dimes: None) -> None:
    key_cap(world, 2 * DIME)
    first = post(api, world.key, ask(3, mode="fit")).json()
    row = Generation.objects.get(batch_index=0)
    outcomes.cancel(generation_id=row.pk, actor="test")
    body = api("get", f"/generations/batch/{first['id']}", key=world.key).json()
    assert [item.get("generation", {}).get("status") for item in body["items"]] == ["canceled", "queued", None]
    assert (micro(body["price"]), micro(body["held"])) == (2 * DIME, DIME)
    assert body["items"][2] == first["items"][2]
    assert {name: body[name] for name in BATCH - {"items", "held"}} == {
        name: first[name] for name in BATCH - {"items", "held"}
    }


def test_another_teams_batch_is_none(world: Any, api: Any) -> None:
    batch = post(api, world.key, ask(1)).json()["id"]
    for name in (batch, "bat_" + "0" * 32, "nope"):
        problem(api("get", f"/generations/batch/{name}", key=world.other_key), 404, "not_found")


def test_the_list_of_a_batch(world: Any, api: Any, make: Callable[..., Any]) -> None:
    make()
    body = post(api, world.key, ask(3)).json()
    listed = api("get", f"/generations?batch={body['id']}", key=world.key).json()["results"]
    made = [item["generation"]["id"] for item in body["items"]]
    assert [each["id"] for each in listed] == made[::-1]
    assert body["urls"]["generations"].endswith(f"/generations?batch={body['id']}")
    assert api("get", f"/generations?batch={body['id']}", key=world.other_key).json()["results"] == []
    problem(api("get", "/generations?batch=gen_1", key=world.key), 422, "invalid", "batch")


def test_what_an_item_costs_in_queries(world: Any, api: Any, count_queries: Any, dimes: None) -> None:
    """Linear with a small constant, a budget and the savepoint included; one that is refused no more."""
    key_cap(world, 1000 * DIME)
    post(api, world.key, ask(1, mode="fit"))
    small = count_queries(lambda: post(api, world.key, ask(2, mode="fit")))
    large = count_queries(lambda: post(api, world.key, ask(12, mode="fit")))
    assert large - small <= 10 * 11
    small = count_queries(lambda: post(api, world.key, ask(2)))
    large = count_queries(lambda: post(api, world.key, ask(12)))
    assert large - small <= 10 * 9
    Budget.objects.update(limit=1)
    small = count_queries(lambda: post(api, world.key, ask(2, mode="fit")))
    large = count_queries(lambda: post(api, world.key, ask(12, mode="fit")))
    assert large - small <= 10 * 10
