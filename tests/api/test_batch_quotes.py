"""POST /quotes/batch, and what such a quote binds: the same requests in the same order, for 10 minutes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from generations import offers
from generations.models import BatchQuote, Generation
from tests.api.conftest import ASK, PRICE
from tests.api.shapes import BATCH_QUOTE, LINE, PROBLEM, micro, problem

WRONG = {**ASK, "input": {"prompt": ""}}
OTHER = {**ASK, "input": {"prompt": "a harbor"}}


def quoted(api: Any, key: str, *requests: Any) -> dict[str, Any]:
    answer = api("post", "/quotes/batch", {"requests": list(requests)}, key=key)
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def post(api: Any, key: str, quote: dict[str, Any], *requests: Any, **fields: Any) -> Any:
    return api("post", "/generations/batch", {"requests": list(requests), "quote": quote["id"], **fields}, key=key)


def dearer() -> None:
    offers.publish(slug=ASK["model"], rates={"image": 2 * PRICE}, margin_ppm=0, by="test", reason="dearer")


def test_a_quote_has_exactly_these_fields(world: Any, api: Any) -> None:
    quote = quoted(api, world.key, ASK, WRONG, OTHER)
    assert set(quote) == BATCH_QUOTE
    assert [item["index"] for item in quote["items"]] == [0, 1, 2]
    assert set(quote["items"][0]) == {"index", "model", "input", "lines", "price", "hold"}
    assert set(quote["items"][0]["lines"][0]) == LINE
    assert set(quote["items"][1]) == {"index", "error"}
    assert set(quote["items"][1]["error"]) == PROBLEM
    assert quote["items"][1]["error"]["errors"][0]["path"] == "requests.1.input.prompt"
    assert (quote["count"], micro(quote["price"]), micro(quote["hold"])) == (3, 2 * PRICE, 2 * PRICE)
    left = datetime.fromisoformat(quote["expires_at"]) - BatchQuote.objects.get().created_at
    assert left == timedelta(minutes=10)
    assert micro(api("get", "/wallet", key=world.key).json()["held"]) == 0


def test_it_binds_every_price_in_it(world: Any, api: Any) -> None:
    quote = quoted(api, world.key, ASK, OTHER)
    dearer()
    body = post(api, world.key, quote, ASK, OTHER).json()
    assert (body["accepted"], micro(body["price"])) == (2, 2 * PRICE)
    assert [row.price for row in Generation.objects.all()] == [PRICE] * 2
    assert micro(api("post", "/generations/batch", {"requests": [ASK]}, key=world.key).json()["price"]) == 2 * PRICE


def test_defaults_that_are_written_out_are_the_same_request(world: Any, api: Any) -> None:
    quote = quoted(api, world.key, ASK)
    said = {**ASK, "input": {**ASK["input"], "aspectRatio": "16:9"}}
    assert post(api, world.key, quote, said).status_code == 201


def test_it_is_for_these_requests_in_this_order(world: Any, api: Any) -> None:
    quote = quoted(api, world.key, ASK, OTHER, WRONG)
    for requests in ([OTHER, ASK, WRONG], [ASK, OTHER], [ASK, OTHER, WRONG, ASK], [ASK, OTHER, {**ASK, "input": {}}]):
        for mode in ("all", "fit"):
            body = problem(post(api, world.key, quote, *requests, mode=mode), 422, "invalid", "quote")
            assert body["errors"][0]["code"] == "mismatch"
    assert not Generation.objects.exists()


def test_what_had_no_price_is_refused_and_the_rest_is_made(world: Any, api: Any) -> None:
    quote = quoted(api, world.key, ASK, WRONG)
    body = post(api, world.key, quote, ASK, WRONG, mode="fit").json()
    assert [item["status"] for item in body["items"]] == ["accepted", "refused"]
    assert body["items"][1]["error"]["errors"][0]["code"] == "not_quoted"
    problem(post(api, world.key, quote, ASK, WRONG), 422, "invalid", "requests.1")


def test_an_expired_one_is_refused_with_a_new_one_that_works(world: Any, api: Any) -> None:
    quote = quoted(api, world.key, ASK, OTHER)
    # Past its time: a row of the same content, for one that is written never changes.
    row = BatchQuote.objects.get()
    BatchQuote.objects.all().delete()
    row.created_at, row.expires_at = row.created_at - timedelta(hours=1), row.expires_at - timedelta(hours=1)
    row.save(force_insert=True)
    dearer()
    refused = problem(post(api, world.key, quote, ASK, OTHER), 409, "quote_expired", extra=frozenset({"quote"}))
    assert micro(refused["quote"]["price"]) == 4 * PRICE
    assert not Generation.objects.exists()
    assert post(api, world.key, refused["quote"], ASK, OTHER).status_code == 201


def test_another_teams_quote_is_no_quote(world: Any, api: Any) -> None:
    theirs = quoted(api, world.other_key, ASK)
    body = problem(post(api, world.key, theirs, ASK), 422, "invalid", "quote")
    assert body["errors"][0]["code"] == "not_found"


def test_a_grid_and_a_quote_of_nothing(world: Any, api: Any) -> None:
    grid = {"models": [ASK["model"]], "prompts": ["a", "b"]}
    quote = api("post", "/quotes/batch", {"grid": grid}, key=world.key).json()
    assert quote["count"] == 2
    made = api("post", "/generations/batch", {"grid": grid, "quote": quote["id"]}, key=world.key)
    assert made.status_code == 201
    refused = api("post", "/quotes/batch", {"requests": [WRONG, WRONG]}, key=world.key)
    problem(refused, 422, "invalid", "requests.0.input.prompt", "requests.1.input.prompt")
    problem(api("post", "/quotes/batch", {"requests": [ASK], "mode": "fit"}, key=world.key), 422, "invalid", "mode")
