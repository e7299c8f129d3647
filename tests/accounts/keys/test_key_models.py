"""A key that is held to some models spends and quotes on nothing else, on every path that a key has."""

from __future__ import annotations

from typing import Any

import pytest

from accounts import key_proof
from accounts.models import ApiKey
from generations import intake, quotes
from generations.models import Generation, Quote
from project.errors import Forbidden
from tests.invariants.steps import render
from tests.world import World

MINE = {"model": "flux-kontext-pro", "input": {"prompt": "a lighthouse"}}
OTHER = {"model": "veo-3.1-fast", "input": {"prompt": "a lighthouse"}}


@pytest.fixture
def held(key_of: Any) -> str:
    """A key for one model only."""
    _, text = key_of(allowed_models=[MINE["model"]], allowed_ips=["127.0.0.0/8"])
    return str(text)


@pytest.mark.parametrize("call", ["/quotes", "/generations"])
def test_another_model_is_refused_at_its_field_and_nothing_is_written(
    world: World, api: Any, held: str, call: str
) -> None:
    response = api("post", call, OTHER, key=held, headers={"Idempotency-Key": "once-and-again"})
    problem = response.json()
    assert (response.status_code, problem["code"]) == (403, "model_not_allowed")
    assert [error["path"] for error in problem["errors"]] == ["model"]
    assert (Generation.objects.count(), Quote.objects.count()) == (0, 0)
    assert api("post", call, MINE, key=held).status_code == 201
    assert api("post", call, OTHER, key=world.key).status_code == 201


def test_a_quote_that_another_key_made_does_not_help(world: World, api: Any, held: str) -> None:
    quote = api("post", "/quotes", OTHER, key=world.key).json()["id"]
    response = api("post", "/generations", {**OTHER, "quote": quote}, key=held)
    assert (response.status_code, response.json()["code"]) == (403, "model_not_allowed")
    assert Generation.objects.count() == 0


def test_a_model_that_is_none_is_still_422(world: World, api: Any, held: str) -> None:
    for model in ("nonsense", None, 7, ["flux-kontext-pro"]):
        assert api("post", "/generations", {**MINE, "model": model}, key=held).status_code == 422


def test_a_change_of_the_list_counts_in_the_transaction_that_accepts(world: World, held: str) -> None:
    actor = key_proof.find(world.key)
    ApiKey.objects.filter(pk=world.api_key.pk).update(allowed_models=["veo-3.1-fast"])
    with pytest.raises(Forbidden):
        intake.accept(actor=actor, request=intake.Request(**MINE), render=render)  # type: ignore[arg-type]
    assert Generation.objects.count() == 0


def test_the_key_says_where_and_for_what_it_is_good(world: World, api: Any, held: str) -> None:
    shown = api("get", "/key", key=held).json()
    assert shown["allowed_models"] == ["flux-kontext-pro"]
    assert shown["allowed_ips"] == ["127.0.0.0/8"]
    assert "secrets" not in shown
    free = api("get", "/key", key=world.key).json()
    assert (free["allowed_models"], free["allowed_ips"]) == ([], [])


def test_a_member_in_a_browser_is_held_to_no_list(world: World) -> None:
    offer = quotes.price(model=OTHER["model"], data=OTHER["input"], team=world.team)
    intake.accept(actor=world.actor(world.bob), request=intake.Request(**OTHER), render=render)  # type: ignore[arg-type]
    assert Generation.objects.get().price == offer.priced.total


def test_it_is_refused_before_anything_outside_is_asked(world: World, key_of: Any) -> None:
    """Images of a request are looked at on other hosts between `prepare` and the transaction."""
    _, text = key_of(allowed_models=[MINE["model"]])
    with pytest.raises(Forbidden):
        intake.prepare(actor=key_proof.find(text), request=intake.Request(model=OTHER["model"], input=OTHER["input"]))
