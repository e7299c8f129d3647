"""GET /generations: filters, pages that stand still, the same queries for 1 row as for 100 (design section 6)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest

from accounts import keys
from generations import outcomes
from generations.idempotency import Answer
from generations.intake import Request, accept
from generations.models import Generation
from tests.api.conftest import ASK, row_of
from tests.api.ends import succeed
from tests.api.shapes import GENERATION, PAGE, problem


def listed(api: Any, bearer: str, /, **filters: Any) -> list[str]:
    """The ids that a filtered list has, over all its pages."""
    ids: list[str] = []
    path: str | None = f"/generations?{urlencode(filters)}"
    for _ in range(50):
        body = api("get", path, key=bearer).json()
        assert set(body) == PAGE, body
        ids += [row["id"] for row in body["results"]]
        path = body["next"] and body["next"].split("/api/v1")[1]
        if path is None:
            return ids
    raise AssertionError("the list does not end")


def test_it_lists_newest_first_with_whole_generations(world: Any, make: Any, api: Any) -> None:
    made = [make(metadata={"n": str(n)}) for n in range(3)]
    body = api("get", "/generations", key=world.key).json()
    assert [row["id"] for row in body["results"]] == [one["id"] for one in reversed(made)]
    assert all(set(row) == GENERATION for row in body["results"])
    assert body["results"][0] == made[-1]
    assert (body["next"], body["previous"]) == (None, None)


def test_filters_by_status_and_model(world: Any, make: Any, api: Any) -> None:
    queued, failed, done = make(), make(), make(model="flux-kontext-max")
    outcomes.cancel(generation_id=row_of(failed).pk, actor="test")
    succeed(row_of(done))
    assert listed(api, world.key, status="queued") == [queued["id"]]
    assert listed(api, world.key, status="canceled") == [failed["id"]]
    assert listed(api, world.key, status="running") == []
    assert listed(api, world.key, model="flux-kontext-max") == [done["id"]]
    assert listed(api, world.key, model="flux-kontext-max", status="queued") == []
    assert listed(api, world.key, model="no-such-model") == []


def test_filters_by_time_leave_the_moment_itself_out(world: Any, make: Any, api: Any) -> None:
    first, second, third = make(), make(), make()
    moment = second["created_at"]
    assert listed(api, world.key, created_after=moment) == [third["id"]]
    assert listed(api, world.key, created_before=moment) == [first["id"]]
    shifted = moment.replace("Z", "+00:00")
    assert listed(api, world.key, created_after=shifted) == [third["id"]]
    unquoted = api("get", f"/generations?created_after={shifted}", key=world.key)  # the + arrives as a blank
    assert [row["id"] for row in unquoted.json()["results"]] == [third["id"]]


def test_filters_by_key_and_member(world: Any, make: Any, api: Any) -> None:
    other, text = keys.issue(team=world.team, name="two", scopes=["generate"], by=world.alice)
    by_first, by_other = make(), make(key=text)
    page, _ = accept(
        actor=world.actor(world.bob),
        request=Request(model=ASK["model"], input=ASK["input"]),
        render=lambda row: Answer(201, {}, {}),
    )
    assert page is not None
    assert listed(api, world.key, key=other.public_id) == [by_other["id"]]
    assert listed(api, world.key, key=world.api_key.public_id) == [by_first["id"]]
    assert listed(api, world.key, member="Bob@example.com") == [page.public_id]
    assert listed(api, world.key, member="alice@example.com") == []
    assert listed(api, world.key, member="nobody@example.com") == []


def test_filters_by_metadata_exactly(world: Any, make: Any, api: Any) -> None:
    one = make(metadata={"shot": "12", "scene": "a"})
    two = make(metadata={"shot": "12", "scene.x": "ä & b"})
    make(metadata={"shot": "1"})
    assert listed(api, world.key, **{"metadata.shot": "12"}) == [two["id"], one["id"]]
    assert listed(api, world.key, **{"metadata.shot": "12", "metadata.scene": "a"}) == [one["id"]]
    assert listed(api, world.key, **{"metadata.scene.x": "ä & b"}) == [two["id"]]
    assert listed(api, world.key, **{"metadata.shot": ""}) == []


def test_another_teams_rows_are_never_in_a_list(world: Any, make: Any, api: Any) -> None:
    theirs = make(key=world.other_key, metadata={"shot": "12"})
    key_id = Generation.objects.get().api_key.public_id  # type: ignore[union-attr]
    for filters in ({}, {"key": key_id}, {"member": "mallory@example.com"}, {"metadata.shot": "12"}, {"limit": "100"}):
        assert listed(api, world.key, **filters) == []
    assert listed(api, world.other_key) == [theirs["id"]]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("status=done", "status"),
        ("status=QUEUED", "status"),
        ("status=", "status"),
        ("status=queued&status=failed", "status"),
        ("model=%00", "model"),
        ("model=" + "a" * 61, "model"),
        ("created_after=yesterday", "created_after"),
        ("created_after=2026-01-01", "created_after"),
        ("created_after=2026-01-01T00:00:00", "created_after"),
        ("created_before=2026-13-01T00:00:00Z", "created_before"),
        ("created_before=0001-01-01T00:00:00%2B14:00", "created_before"),
        ("created_before=" + quote("٢٠٢٦-01-01T00:00:00Z"), "created_before"),
        ("key=1", "key"),
        ("key=gen_" + "0" * 32, "key"),
        ("member=7", "member"),
        ("metadata.=x", "metadata."),
        ("metadata.a%20b=x", "metadata.a b"),
        ("metadata.a=" + "x" * 501, "metadata."),
        ("metadata=x", "metadata"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("limit=" + quote("١٢"), "limit"),
        ("limit=", "limit"),
        ("cursor=", "cursor"),
        ("cursor=WzEsMl0", "cursor"),
        ("cursor=" + "a" * 5000, "cursor"),
        ("team=1", "team"),
        ("page=2", "page"),
        ("format=json", "format"),
        ("offset=1&sort=x", "offset sort"),
    ],
)
def test_a_parameter_that_is_none_is_refused(world: Any, api: Any, query: str, path: str) -> None:
    paths = path.split(" ") if path.startswith("offset") else [path]
    problem(api("get", f"/generations?{query}", key=world.key), 422, "invalid", *paths)


def test_pages_stand_still_while_rows_come_in(world: Any, make: Any, api: Any) -> None:
    before = [make()["id"] for _ in range(7)]
    seen: list[str] = []
    path: str | None = "/generations?limit=3"
    while path:
        body = api("get", path, key=world.key).json()
        seen += [row["id"] for row in body["results"]]
        make()
        path = body["next"] and body["next"].split("/api/v1")[1]
    assert seen == before[::-1]


def test_pages_go_back_the_way_they_came(world: Any, make: Any, api: Any) -> None:
    everything = [make()["id"] for _ in range(7)][::-1]
    first = api("get", "/generations?limit=3&status=queued", key=world.key).json()
    second = api("get", first["next"].split("/api/v1")[1], key=world.key).json()
    third = api("get", second["next"].split("/api/v1")[1], key=world.key).json()
    assert [row["id"] for row in third["results"]] == everything[6:]
    assert third["next"] is None
    assert "status=queued" in third["previous"]
    assert "limit=3" in third["previous"]
    back = api("get", third["previous"].split("/api/v1")[1], key=world.key).json()
    assert back["results"] == second["results"]
    again = api("get", back["previous"].split("/api/v1")[1], key=world.key).json()
    assert again["results"] == first["results"]
    assert again["previous"] is None
    assert again["next"] is not None


def test_rows_of_one_moment_are_neither_lost_nor_doubled(world: Any, make: Any, api: Any) -> None:
    made = {make()["id"] for _ in range(7)}
    Generation.objects.update(created_at="2026-01-01T00:00:00Z")
    seen = listed(api, world.key, limit=2)
    assert len(seen) == 7
    assert set(seen) == made


def test_a_cursor_is_good_for_its_own_list_and_team(world: Any, make: Any, api: Any) -> None:
    for _ in range(2):
        made = make()
    cursor = api("get", "/generations?limit=1", key=world.key).json()["next"].split("cursor=")[1]
    for path, key in (
        (f"/generations?cursor={cursor}", world.other_key),
        (f"/wallet/entries?cursor={cursor}", world.key),
        (f"/generations/{made['id']}/events?cursor={cursor}", world.key),
        (f"/generations?cursor={cursor[:-1]}", world.key),
    ):
        problem(api("get", path, key=key), 422, "invalid", "cursor")


def test_it_makes_as_many_queries_for_a_hundred_as_for_one(world: Any, make: Any, api: Any, count_queries: Any) -> None:
    succeed(row_of(make()))
    api("get", "/key", key=world.key)  # the key's last use is written at most once a minute
    one = count_queries(lambda: api("get", "/generations?limit=100", key=world.key))
    for _ in range(99):
        succeed(row_of(make()))
    bodies = []
    api("get", "/key", key=world.key)  # a minute may be over
    hundred = count_queries(lambda: bodies.append(api("get", "/generations?limit=100", key=world.key).json()))
    assert len(bodies[0]["results"]) == 100
    assert all(row["outputs"] for row in bodies[0]["results"])
    assert (one, hundred) == (hundred, hundred)
    assert hundred <= 5
