"""POST /quotes, and what a quote binds (design section 4.1, faults.md row 87)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from generations import offers
from generations.models import Generation, Listing, Quote
from tests.api.conftest import ASK, PRICE
from tests.api.shapes import LINE, QUOTE, is_time, micro, problem


def quoted(api: Any, key: str, ask: Any = ASK) -> dict[str, Any]:
    response = api("post", "/quotes", ask, key=key)
    assert response.status_code == 201, response.content
    body: dict[str, Any] = response.json()
    return body


def expire(quote: dict[str, Any]) -> None:
    hour = timedelta(hours=1)
    Quote.objects.filter(pk=quote["id"][3:]).update(
        created_at=F("created_at") - hour, expires_at=F("expires_at") - hour
    )


def dearer() -> None:
    offers.publish(slug=ASK["model"], rates={"image": 2 * PRICE}, margin_ppm=0, by="test", reason="dearer")


def test_a_quote_has_exactly_these_fields(world: Any, api: Any) -> None:
    quote = quoted(api, world.key)
    assert set(quote) == QUOTE
    assert quote["id"].startswith("qt_")
    assert quote["input"]["aspectRatio"] == "16:9"  # defaults are filled in
    assert [set(line) for line in quote["lines"]] == [LINE]
    assert (
        micro(quote["price"]) == micro(quote["hold"]) == sum(micro(line["amount"]) for line in quote["lines"]) == PRICE
    )
    assert is_time(quote["expires_at"])
    left = datetime.fromisoformat(quote["expires_at"]) - Quote.objects.get().created_at
    assert left == timedelta(minutes=10)


def test_an_upper_bound_stands_in_hold(world: Any, api: Any) -> None:
    ask = {"model": "prompt-expansion-text", "input": {"prompt": "a lighthouse"}}
    quote = quoted(api, world.key, ask)
    assert micro(quote["hold"]) >= micro(quote["price"]) > 0


def test_a_quote_holds_nothing(world: Any, api: Any) -> None:
    quoted(api, world.key)
    assert micro(api("get", "/wallet", key=world.key).json()["held"]) == 0


def test_it_binds_its_price_for_ten_minutes(world: Any, api: Any) -> None:
    quote = quoted(api, world.key)
    dearer()
    made = api("post", "/generations", {**ASK, "quote": quote["id"]}, key=world.key)
    assert made.status_code == 201
    assert micro(made.json()["price"]) == PRICE
    assert micro(api("post", "/generations", ASK, key=world.key).json()["price"]) == 2 * PRICE


def test_an_expired_one_is_refused_with_a_new_one_that_works(world: Any, api: Any) -> None:
    quote = quoted(api, world.key)
    expire(quote)
    dearer()
    refused = api("post", "/generations", {**ASK, "quote": quote["id"]}, key=world.key)
    body = problem(refused, 409, "quote_expired", extra=frozenset({"quote"}))
    assert set(body["quote"]) == {"id", "price"}
    assert micro(body["quote"]["price"]) == 2 * PRICE
    assert not Generation.objects.exists()
    made = api("post", "/generations", {**ASK, "quote": body["quote"]["id"]}, key=world.key)
    assert micro(made.json()["price"]) == 2 * PRICE


def test_it_is_for_the_request_it_was_made_for(world: Any, api: Any) -> None:
    quote = quoted(api, world.key)
    for other in ({**ASK, "input": {"prompt": "a harbor"}}, {**ASK, "model": "flux-kontext-max"}):
        problem(api("post", "/generations", {**other, "quote": quote["id"]}, key=world.key), 422, "invalid", "quote")


def test_another_teams_quote_is_no_quote(world: Any, api: Any) -> None:
    theirs = quoted(api, world.other_key)
    for name in (theirs["id"], "qt_" + "0" * 32, "nope", ""):
        refused = api("post", "/generations", {**ASK, "quote": name}, key=world.key)
        problem(refused, 422, "invalid", "quote")


def test_a_model_switched_off_is_not_quoted(world: Any, api: Any) -> None:
    quote = quoted(api, world.key)
    Listing.objects.filter(pk=ASK["model"]).update(available=False, note="Back tomorrow.")
    body = problem(api("post", "/quotes", ASK, key=world.key), 409, "model_unavailable")
    assert body["detail"] == "Back tomorrow."
    problem(api("post", "/generations", {**ASK, "quote": quote["id"]}, key=world.key), 409, "model_unavailable")


def test_errors_of_the_input_have_paths(world: Any, api: Any) -> None:
    ask = {"model": ASK["model"], "input": {"prompt": "", "aspectRatio": "2:1", "nope": 1}}
    problem(
        api("post", "/quotes", ask, key=world.key), 422, "invalid", "input.prompt", "input.aspectRatio", "input.nope"
    )
    for wrong in ("text", 5, [], None):
        refused = api("post", "/quotes", {"model": ASK["model"], "input": wrong}, key=world.key)
        problem(refused, 422, "invalid", "input")
    for wrong in ("nope", 5, [], None, {"a": 1}):
        problem(api("post", "/quotes", {"model": wrong, "input": {}}, key=world.key), 422, "invalid", "model")
    problem(api("post", "/quotes", {}, key=world.key), 422, "invalid", "model", "input")
    problem(api("post", "/quotes", {**ASK, "max_price": {"usd": "1"}}, key=world.key), 422, "invalid", "max_price")
