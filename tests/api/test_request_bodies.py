"""Bodies that mean harm or mistake: a code for each, never 500, nothing written (faults.md rows 66, 75-77)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generations.models import Generation, IdempotencyRecord, Quote
from tests.api.conftest import ASK
from tests.api.shapes import problem

PROMPT = b'{"model": "flux-kontext-pro", "input": {"prompt": %s}}'
HOSTILE: list[tuple[bytes, int, str]] = [
    (b"", 422, "invalid"),
    (b" ", 400, "malformed_json"),
    (b"{", 400, "malformed_json"),
    (b"{} {}", 400, "malformed_json"),
    (b"{'model': 1}", 400, "malformed_json"),
    (b"model=flux", 400, "malformed_json"),
    (b"\xff\xfe", 400, "malformed_json"),
    (b"\xef\xbb\xbf{}", 400, "malformed_json"),
    (json.dumps(ASK).encode("utf-16"), 400, "malformed_json"),
    (b"null", 422, "invalid"),
    (b"[]", 422, "invalid"),
    (b'"text"', 422, "invalid"),
    (b"7", 422, "invalid"),
    (b"true", 422, "invalid"),
    (b"NaN", 400, "malformed_json"),
    (PROMPT % b"NaN", 400, "malformed_json"),
    (PROMPT % b"-Infinity", 400, "malformed_json"),
    (PROMPT % b"1e999", 400, "malformed_json"),
    (PROMPT % (b"9" * 5000), 400, "malformed_json"),
    (PROMPT % b'"\\u0000"', 400, "malformed_json"),
    (PROMPT % b'"\\ud800"', 400, "malformed_json"),
    (PROMPT % b'"\\udc00\\ud800"', 400, "malformed_json"),
    (b'{"\\u0000": 1}', 400, "malformed_json"),
    (b'{"model": "flux-kontext-pro", "model": "veo-3.1-fast", "input": {}}', 400, "malformed_json"),
    (b'{"model": "flux-kontext-pro", "input": {"prompt": "a", "prompt": "b"}}', 400, "malformed_json"),
    (b"[" * 100_000, 400, "malformed_json"),
    (b'{"a":' * 21 + b"1" + b"}" * 21, 400, "malformed_json"),
    (PROMPT % (b"[" * 30 + b"]" * 30), 400, "malformed_json"),
    (PROMPT % b'""', 422, "invalid"),
    (PROMPT % b"null", 422, "invalid"),
    (PROMPT % b"true", 422, "invalid"),
    (PROMPT % b"5", 422, "invalid"),
    (PROMPT % b'{"$gt": ""}', 422, "invalid"),
    (PROMPT % (b'"' + b"x" * 5001 + b'"'), 422, "invalid"),
    (PROMPT % (b'"' + b"x" * 262_144 + b'"'), 413, "too_large"),
    (b" " * 262_145, 413, "too_large"),
]


@pytest.mark.parametrize("path", ["/generations", "/quotes"])
@pytest.mark.parametrize(("body", "status", "code"), HOSTILE, ids=[str(n) for n in range(len(HOSTILE))])
def test_a_hostile_body_gets_a_code(world: Any, api: Any, path: str, body: bytes, status: int, code: str) -> None:
    response = api("post", path, body, key=world.key, headers={"Idempotency-Key": "k"})
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == code
    assert [table.objects.count() for table in (Generation, Quote, IdempotencyRecord)] == [0, 0, 0]


def test_the_largest_body_that_is_taken(world: Any, api: Any) -> None:
    body = json.dumps(ASK).encode()
    padded = body + b" " * (262_144 - len(body))
    assert api("post", "/generations", padded, key=world.key).status_code == 201


def test_every_unknown_field_is_named(world: Any, api: Any) -> None:
    fields = {"team": 1, "credits": "5", "price": 0, "state": "succeeded", "is_staff": True}
    problem(api("post", "/generations", {**ASK, **fields}, key=world.key), 422, "invalid", *fields)
    assert not Generation.objects.exists()


def test_no_column_of_a_row_can_be_set_from_outside(world: Any, api: Any) -> None:
    own = {"model", "input", "quote", "metadata", "webhook_url"}
    for table in ("Generation", "Quote"):
        for column in apps.get_model("generations", table)._meta.get_fields():
            for name in {column.name, getattr(column, "attname", column.name)} - own:
                refused = api("post", "/generations", {**ASK, name: "1"}, key=world.key)
                problem(refused, 422, "invalid", name)
    assert not Generation.objects.exists()


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        5,
        "a",
        [],
        {"a": 1},
        {"a": None},
        {"a": ["b"]},
        {"": "x"},
        {"a b": "x"},
        {"ä": "x"},
        {"a\n": "x"},
        {"a" * 41: "x"},
        {"a": "x" * 501},
        {f"k{n}": "x" for n in range(21)},
    ],
)
def test_metadata_is_a_small_object_of_texts(world: Any, api: Any, metadata: Any) -> None:
    response = api("post", "/generations", {**ASK, "metadata": metadata}, key=world.key)
    assert response.status_code == 422
    assert all(error["path"].split(".")[0] == "metadata" for error in response.json()["errors"])
    assert response.json()["errors"]


def test_the_largest_metadata_that_is_taken(world: Any, make: Any) -> None:
    metadata = {f"{n:02}" + "k" * 38: "ä" * 500 for n in range(20)}
    assert make(metadata=metadata)["metadata"] == metadata


def test_all_faults_are_told_at_once(world: Any, api: Any) -> None:
    body = {"quote": 5, "max_price": {"usd": 1}, "metadata": {"a": 1}, "webhook_url": 7, "more": 1}
    paths = ("model", "input", "quote", "max_price", "metadata.a", "webhook_url", "more")
    problem(api("post", "/generations", body, key=world.key), 422, "invalid", *paths)


@pytest.mark.parametrize(
    "prompt",
    ["Ünïcödé ‮ right to left", "e\u0301 stays decomposed", "😀" * 10, "zero\u200bwidth", " leading and trailing "],
)
def test_prompts_are_kept_to_the_character(world: Any, make: Any, api: Any, prompt: str) -> None:
    body = make(input={"prompt": prompt})
    assert body["input"]["prompt"] == prompt
    assert api("get", f"/generations/{body['id']}", key=world.key).json()["input"]["prompt"] == prompt


@pytest.mark.parametrize("value", ["4", 4.0, 4.5, 0, -1, 7, 10**30, True, None, "٤", [4]])
def test_counts_are_whole_numbers_within_their_bounds(world: Any, api: Any, value: Any) -> None:
    ask = {
        "model": "seedream-v4-edit",
        "input": {"prompt": "x", "image_urls": ["https://pictures.invalid/a.png"], "max_images": value},
    }
    response = api("post", "/generations", ask, key=world.key)
    assert response.status_code == (400 if value == 10**30 else 422)
    assert not Generation.objects.exists()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "model": JSON | st.just("flux-kontext-pro"),
        "input": JSON | st.just({"prompt": "x"}) | st.fixed_dictionaries({"prompt": JSON, "safetyTolerance": JSON}),
        "quote": JSON,
        "max_price": JSON | st.fixed_dictionaries({"usd": JSON}),
        "metadata": JSON | st.dictionaries(st.text(max_size=5), st.text(max_size=5)),
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=JSON | BODIES)
def test_no_body_breaks_it(world: Any, body: Any) -> None:
    raw = json.dumps(body).encode()
    response = Client().post(
        "/api/v1/generations", raw, content_type="application/json", headers={"Authorization": f"Bearer {world.key}"}
    )
    assert response.status_code in (201, 400, 402, 409, 422), (body, response.content)
    assert response["Content-Type"] == (
        "application/json" if response.status_code == 201 else "application/problem+json"
    )
