"""Where a batch is wrong: the body whole, its requests one by one, each fault with its place."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from generations import lookups
from generations.models import Batch, Generation
from tests.api.conftest import ASK
from tests.api.shapes import problem

GRID: dict[str, Any] = {"models": ["flux-kontext-pro"], "prompts": ["a"]}

OWN = {f"own{n}": "" for n in range(15)}


def post(api: Any, key: str, body: Any) -> Any:
    return api("post", "/generations/batch", body, key=key)


BODIES: list[tuple[Any, tuple[str, ...]]] = [
    ({}, ("requests",)),
    ({"requests": []}, ("requests",)),
    ({"requests": None}, ("requests",)),
    ({"requests": {}}, ("requests",)),
    ({"requests": [ASK] * 101}, ("requests",)),
    ({"requests": [ASK], "grid": GRID}, ("requests",)),
    ({"grid": None}, ("grid",)),
    ({"grid": []}, ("grid",)),
    ({"grid": {"models": ["flux-kontext-pro"]}}, ("grid.prompts",)),
    ({"grid": {**GRID, "prompts": []}}, ("grid.prompts",)),
    ({"grid": {**GRID, "prompts": ["a", 5]}}, ("grid.prompts.1",)),
    ({"grid": {**GRID, "models": [None]}}, ("grid.models.0",)),
    ({"grid": {**GRID, "settings": []}}, ("grid.settings",)),
    ({"grid": {**GRID, "settings": [{}, 1]}}, ("grid.settings.1",)),
    ({"grid": {**GRID, "settings": [{}, {"prompt": "b"}]}}, ("grid.settings.1.prompt",)),
    ({"grid": {"models": ["flux-kontext-pro"] * 2, "prompts": ["a"] * 51}}, ("grid",)),
    ({"grid": {**GRID, "seeds": [1]}}, ("grid.seeds",)),
    ({"requests": [ASK, {"model": "flux-kontext-pro"}]}, ("requests.1.input",)),
    ({"requests": [ASK, 5]}, ("requests.1",)),
    ({"requests": [{**ASK, "model": 5}]}, ("requests.0.model",)),
    ({"requests": [{**ASK, "input": []}]}, ("requests.0.input",)),
    ({"requests": [ASK, {**ASK, "quote": "qt_1"}]}, ("requests.1.quote",)),
    ({"requests": [{**ASK, "max_price": "1"}]}, ("requests.0.max_price",)),
    ({"requests": [{**ASK, "metadata": {"a": 1}}]}, ("requests.0.metadata.a",)),
    (
        {
            "requests": [{**ASK, "metadata": {f"own{n}": "" for n in range(15)}}],
            "metadata": {f"{n}": "" for n in range(6)},
        },
    )
    + (("requests.0.metadata",),),
    ({"requests": [{**ASK, "webhook_url": ""}]}, ("requests.0.webhook_url",)),
    ({"requests": [ASK], "mode": "some"}, ("mode",)),
    ({"requests": [ASK], "mode": None}, ("mode",)),
    ({"requests": [ASK], "stop_at": 5}, ("stop_at",)),
    ({"requests": [ASK], "name": "  "}, ("name",)),
    ({"requests": [ASK], "name": "a\u202eb"}, ("name",)),
    ({"requests": [ASK], "quote": None}, ("quote",)),
    ({"requests": [ASK], "quote": "bqt_" + "0" * 32}, ("quote",)),
    ({"requests": [ASK], "quote": "qt_" + "0" * 32}, ("quote",)),
    ({"requests": [ASK], "webhook_url": "https://10.0.0.1/x"}, ("webhook_url",)),
    ({"requests": [ASK], "metadata": {"a b": "1"}}, ("metadata.a b",)),
    ({"requests": [ASK], "max_price": {"usd": "1"}, "nope": 1}, ("max_price", "nope")),
]


@pytest.mark.parametrize("mode", ["all", "fit"])
@pytest.mark.parametrize(("body", "paths"), BODIES, ids=[f"{at}: {paths[0]}" for at, (_, paths) in enumerate(BODIES)])
def test_a_body_is_judged_whole(world: Any, api: Any, body: Any, paths: tuple[str, ...], mode: str) -> None:
    problem(post(api, world.key, {"mode": mode, **body}), 422, "invalid", *paths)
    assert not Batch.objects.exists()


ITEMS = [
    ASK,
    {**ASK, "input": {"prompt": "", "aspectRatio": "2:1"}},
    {"model": "nope", "input": {}},
    {**ASK, "webhook_url": "https://10.0.0.1/x"},
    {**ASK, "input": {"prompt": "a", "inputImage": "https://192.168.0.1/a.png"}},
    {**ASK, "input": {"prompt": "a", "inputImage": "upl_" + "0" * 32}},
]
PATHS = [
    {"requests.1.input.prompt", "requests.1.input.aspectRatio"},
    {"requests.2.model"},
    {"requests.3.webhook_url"},
    {"requests.4.input.inputImage"},
    {"requests.5.input.inputImage"},
]


def test_what_fits_is_judged_one_by_one(world: Any, api: Any) -> None:
    body = post(api, world.key, {"requests": ITEMS, "mode": "fit"}).json()
    assert [item["status"] for item in body["items"]] == ["accepted"] + ["refused"] * 5
    assert [{error["path"] for error in item["error"]["errors"]} for item in body["items"][1:]] == PATHS
    assert Generation.objects.count() == 1


def test_all_of_it_is_refused_with_every_fault(world: Any, api: Any) -> None:
    problem(post(api, world.key, {"requests": ITEMS}), 422, "invalid", *(path for paths in PATHS for path in paths))
    assert not Generation.objects.exists()


def test_when_all_are_invalid_nothing_is_made(world: Any, api: Any) -> None:
    problem(
        post(api, world.key, {"requests": ITEMS[1:3], "mode": "fit"}),
        422,
        "invalid",
        *(f"requests.{path}" for path in ("0.input.prompt", "0.input.aspectRatio", "1.model")),
    )


def test_the_paths_of_a_grid(world: Any, api: Any) -> None:
    grid = {
        "models": ["flux-kontext-pro", "nope"],
        "prompts": ["a", "", "x" * 5001],
        "settings": [{}, {"aspectRatio": "2:1"}, {"nope": 1}],
    }
    expected = ("models.1", "prompts.1", "prompts.2", "settings.1.aspectRatio", "settings.2.nope")
    refused = problem(post(api, world.key, {"grid": grid}), 422, "invalid", *(f"grid.{path}" for path in expected))
    assert len(refused["errors"]) == len(expected)  # each place once, however many requests it spoils
    body = post(api, world.key, {"grid": grid, "mode": "fit"}).json()
    assert [item["index"] for item in body["items"] if item["status"] == "accepted"] == [0]


def test_a_field_that_every_settings_lacks(world: Any, api: Any) -> None:
    grid = {"models": ["seedream-v4-edit"], "prompts": ["a"], "settings": [{}]}
    problem(post(api, world.key, {"grid": grid}), 422, "invalid", "grid.settings.0.image_urls")


def test_a_name_is_resolved_once_and_an_image_looked_at_once(
    world: Any, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often they stand in it. Names of `.invalid` never have an address; no resolver is waited for."""
    asked: list[str] = []
    looked: list[str] = []
    look = lookups.inputs.look

    def count_names(host: str, port: int) -> list[str]:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, host)

    def count_looks(url: str, *, seconds: float) -> str:
        looked.append(url)
        return look(url, seconds=seconds)

    monkeypatch.setattr(lookups.guard, "system_resolve", count_names)
    monkeypatch.setattr(lookups.inputs, "look", count_looks)
    monkeypatch.setattr(lookups, "SECONDS", 60.0)
    image = "https://images.invalid/a.png"
    each = {**ASK, "input": {"prompt": "a", "inputImage": image}, "webhook_url": "https://hooks.invalid/x"}
    body = post(api, world.key, {"requests": [each] * 20}).json()
    assert body["accepted"] == 20
    assert looked == [image]
    assert asked.count("hooks.invalid") == 1
    assert asked.count("images.invalid") <= 2  # once here, once by the look itself


def test_the_network_has_a_bounded_time(world: Any, api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is over, nothing more is asked: what could not be looked at is left to the provider."""
    looked: list[float] = []
    monkeypatch.setattr(lookups.inputs, "look", lambda url, *, seconds: looked.append(seconds) or "")
    monkeypatch.setattr(lookups, "SECONDS", 0.0)
    each = [{**ASK, "input": {"prompt": "a", "inputImage": f"https://{n}.invalid/a.png"}} for n in range(9)]
    assert post(api, world.key, {"requests": each}).json()["accepted"] == 9
    assert looked == []
