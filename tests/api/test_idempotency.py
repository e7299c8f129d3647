"""Idempotency-Key: the first answer of a (team, key), to the byte (invariants.md I1-I5, faults.md rows 58-60)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing import credits
from generations import idempotency, offers
from generations.models import Generation, IdempotencyRecord, Listing
from project import db, queue
from tests.api.conftest import ASK
from tests.api.ends import succeed
from tests.api.shapes import SHORTAGE, problem

KEY = {"Idempotency-Key": "order 4711"}


def test_a_replay_is_the_first_answer_to_the_byte(world: Any, api: Any) -> None:
    ask = {**ASK, "metadata": {"zz": "1", "a": "2", "longer": "3"}}
    first = api("post", "/generations", ask, key=world.key, headers=KEY)
    assert first.status_code == 201
    assert "Idempotency-Replayed" not in first.headers
    succeed(Generation.objects.get())
    again = api("post", "/generations", ask, key=world.key, headers=KEY)
    assert (again.status_code, again.content) == (201, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert again["Location"] == first["Location"]
    assert Generation.objects.count() == 1
    assert len(queue.pending()) == 1


def test_the_same_body_in_other_words_is_the_same_body(world: Any, api: Any) -> None:
    first = api("post", "/generations", ASK, key=world.key, headers=KEY)
    raw = b'{ "input" : {"prompt": "a lighth\\u006fuse"},  "model":"flux-kontext-pro" }'
    again = api("post", "/generations", raw, key=world.key, headers=KEY)
    assert (again.status_code, again.content) == (201, first.content)


@pytest.mark.parametrize(
    "other",
    [
        {**ASK, "input": {"prompt": "another"}},
        {**ASK, "input": {"prompt": "a lighthouse", "aspectRatio": "16:9"}},
        {**ASK, "metadata": {}},
        {**ASK, "max_price": {"usd": "0.000001"}},
        {**ASK, "model": "flux-kontext-max"},
    ],
)
def test_the_same_key_with_another_body_is_refused_without_effect(world: Any, api: Any, other: Any) -> None:
    api("post", "/generations", ASK, key=world.key, headers=KEY)
    refused = api("post", "/generations", other, key=world.key, headers=KEY)
    problem(refused, 422, "idempotency_key_reused")
    assert Generation.objects.count() == IdempotencyRecord.objects.count() == 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    metadata=st.dictionaries(
        st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.text("abc", max_size=5), min_size=1, max_size=5
    )
)
def test_any_other_body_is_refused(world: Any, api: Any, metadata: dict[str, str]) -> None:
    api("post", "/generations", ASK, key=world.key, headers=KEY)
    refused = api("post", "/generations", {**ASK, "metadata": metadata}, key=world.key, headers=KEY)
    problem(refused, 422, "idempotency_key_reused")
    assert Generation.objects.count() == 1


def test_another_team_may_use_the_same_key(world: Any, api: Any) -> None:
    mine = api("post", "/generations", ASK, key=world.key, headers=KEY)
    theirs = api("post", "/generations", ASK, key=world.other_key, headers=KEY)
    assert theirs.status_code == 201
    assert theirs.json()["id"] != mine.json()["id"]


def test_402_is_remembered_even_after_a_top_up(world: Any, api: Any, poor: str) -> None:
    first = api("post", "/generations", ASK, key=poor, headers=KEY)
    problem(first, 402, "insufficient_credit", extra=frozenset(SHORTAGE))
    assert "Idempotency-Replayed" not in first.headers
    with transaction.atomic():
        team = IdempotencyRecord.objects.get().team
        credits.grant(team=team, amount=10**6, actor="test", reason="more", grant_id=team.uuid)
    again = api("post", "/generations", ASK, key=poor, headers=KEY)
    assert (again.status_code, again.content) == (402, first.content)
    assert again["Content-Type"] == "application/problem+json"
    assert again["Idempotency-Replayed"] == "true"
    assert not Generation.objects.exists()
    assert api("post", "/generations", ASK, key=poor, headers={"Idempotency-Key": "new"}).status_code == 201


def test_401_and_422_are_not_remembered(world: Any, api: Any) -> None:
    assert api("post", "/generations", {**ASK, "input": {}}, key=world.key, headers=KEY).status_code == 422
    assert api("post", "/generations", {**ASK, "nope": 1}, key=world.key, headers=KEY).status_code == 422
    assert api("post", "/generations", ASK, key="nonsense", headers=KEY).status_code == 401
    assert not IdempotencyRecord.objects.exists()
    assert api("post", "/generations", ASK, key=world.key, headers=KEY).status_code == 201


def test_a_replay_does_not_ask_again_what_is_on_offer(world: Any, api: Any) -> None:
    first = api("post", "/generations", ASK, key=world.key, headers=KEY)
    Listing.objects.filter(pk=ASK["model"]).update(available=False)
    offers.publish(slug=ASK["model"], rates={"image": 10**9}, margin_ppm=0, by="test", reason="dear")
    again = api("post", "/generations", ASK, key=world.key, headers=KEY)
    assert (again.status_code, again.content) == (201, first.content)


@pytest.mark.parametrize("key", ["", "x" * 256, "schlüssel", "a\tb", "\x7f"])
def test_a_key_is_printable_ascii(world: Any, api: Any, key: str) -> None:
    refused = api("post", "/generations", ASK, key=world.key, headers={"Idempotency-Key": key})
    problem(refused, 422, "bad_idempotency_key")
    assert not Generation.objects.exists()


def test_the_longest_key_is_taken(world: Any, api: Any) -> None:
    assert api("post", "/generations", ASK, key=world.key, headers={"Idempotency-Key": "k" * 255}).status_code == 201


def test_without_a_key_each_request_is_new(world: Any, api: Any) -> None:
    first, second = (api("post", "/generations", ASK, key=world.key).json() for _ in range(2))
    assert first["id"] != second["id"]
    assert not IdempotencyRecord.objects.exists()


def test_keys_live_72_hours_and_then_go(world: Any, api: Any) -> None:
    first = api("post", "/generations", ASK, key=world.key, headers=KEY)
    record = IdempotencyRecord.objects.get()
    for hours in (71, 73):
        record.pk, record.key = None, f"{hours} hours old"
        record.created_at = db.now() - timedelta(hours=hours)
        record.save(force_insert=True)
    assert idempotency.prune() == 1
    assert not IdempotencyRecord.objects.filter(key="73 hours old").exists()
    again = api("post", "/generations", ASK, key=world.key, headers={"Idempotency-Key": "71 hours old"})
    assert again.content == first.content
    anew = api("post", "/generations", ASK, key=world.key, headers={"Idempotency-Key": "73 hours old"})
    assert anew.status_code == 201
    assert anew.json()["id"] != first.json()["id"]
