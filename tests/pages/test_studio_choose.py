"""Choosing a model: what each says, by kind, what was used last; and going from one to another with what was typed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from generations import catalog, studio_cards, studio_carry
from generations.models import Generation, StudioSettings, Upload
from project import db
from tests.pages.conftest import picture
from tests.pages.parsing import Page, read
from tests.world import World

IMAGE = "https://img.example/a.png"
PROMPT = "a lighthouse\nat night"


def models_of(page: Page) -> list[str]:
    links = [e.attrs["href"] for e in page.all("a")]
    return [link.removeprefix("/studio/") for link in links if link.startswith("/studio/")]


def text_of(page: Page, name: str) -> str:
    return page.one("textarea", name=name).text.removeprefix("\n")


@pytest.mark.parametrize("kind", studio_cards.KINDS)
def test_a_kind_shows_its_models_alone(alice: Client, kind: str) -> None:
    page = read(alice.get(f"/studio?kind={kind}"))
    assert models_of(page) == [slug for slug, entry in catalog.ENTRIES.items() if entry.kind == kind]
    assert page.one("a", aria_current="page", href=f"/studio?kind={kind}")


def test_a_kind_that_there_is_none_of_shows_all(alice: Client) -> None:
    assert models_of(read(alice.get("/studio?kind=sound"))) == list(catalog.ENTRIES)


def test_a_card_says_what_a_model_takes() -> None:
    words = {slug: studio_cards.takes(entry) for slug, entry in catalog.ENTRIES.items()}
    assert words["veo-3.1-fast"] == ["text", "up to 2 images"]
    assert words["kling-2.5-turbo-pro"] == ["text", "1 or 2 images"]
    assert words["wan-2.2-turbo"] == ["text", "1 image"]
    assert words["flux-kontext-pro"] == ["text", "an image if you like"]
    assert words["qwen-image-edit-plus"] == ["text", "1 to 10 images"]
    assert words["prompt-expansion-text"] == ["text"]


def used(world: World, slug: str, hours: int, user: Any) -> None:
    membership = world.actor(user).membership
    moment = db.now() - timedelta(hours=hours)
    StudioSettings.objects.create(team=world.team, membership=membership, model=slug, used_at=moment)


def test_what_one_used_last_comes_first_and_is_marked(alice: Client, world: World) -> None:
    used(world, "veo-3.1-fast", 2, world.alice)
    used(world, "wan-2.5-i2v", 50, world.alice)
    used(world, "seedance-v1-pro", 1, world.bob)
    page = read(alice.get("/studio?kind=video"))
    assert models_of(page)[:3] == ["veo-3.1-fast", "wan-2.5-i2v", "kling-2.5-turbo-pro"]
    assert page.texts("span", klass="used") == ["used 2 hours ago", "used 2 days ago"]


def test_the_number_of_queries_does_not_grow_with_what_was_used(
    alice: Client, world: World, count_queries: Callable[..., int]
) -> None:
    def ask() -> tuple[int, int]:
        return count_queries(lambda: alice.get("/studio")), count_queries(lambda: alice.get("/studio/veo-3.1-fast"))

    ask()
    used(world, "wan-2.5-i2v", 1, world.alice)
    used(world, "veo-3.1-fast", 1, world.alice)
    few = ask()
    for slug in list(catalog.ENTRIES)[3:6]:
        used(world, slug, 1, world.alice)
    assert ask() == few
    assert few[0] <= 12
    assert few[1] <= 22


def switch(client: Client, to: str, **form: Any) -> Page:
    return read(client.post(f"/studio/{to}", {"do": "switch", **form}))


def test_switching_takes_along_what_the_other_takes_too(alice: Client) -> None:
    form = {
        "model.slug": "kling-2.5-turbo-pro",
        "prompt": PROMPT,
        "image_url": IMAGE,
        "tail_image_url": "https://img.example/b.png",
        "duration": "10",
        "cfg_scale": "0.5",
        "count": "3",
    }
    page = switch(alice, "wan-2.5-i2v", **form)
    assert text_of(page, "prompt") == PROMPT
    assert page.one("input", name="image_url").attrs["value"] == IMAGE
    assert "checked" in page.one("input", name="duration", value="10").attrs
    assert "checked" in page.one("input", name="count", value="3").attrs
    assert page.one("input", name="model.slug").attrs["value"] == "wan-2.5-i2v"
    page = switch(alice, "veo-3.1-fast", **form)
    assert [page.one("input", name=f"imageUrls.{place}").attrs["value"] for place in (0, 1)] == [
        IMAGE,
        "https://img.example/b.png",
    ]
    page = switch(alice, "hailuo-2.3-pro", **form, resolution="1080P")
    assert "Seconds must be 6 when Resolution is 1080P" in page.one("div", id="e-duration").text, "it is said at once"
    assert not Generation.objects.exists()


def test_a_chosen_file_is_stored_on_the_way(alice: Client) -> None:
    page = switch(alice, "wan-2.5-i2v", **{"model.slug": "veo-3.1-fast", "imageUrls.0.file": picture()})
    assert page.one("input", name="image_url").attrs["value"] == Upload.objects.get().public_id


def test_a_source_that_is_no_model_takes_nothing_wrong_along(alice: Client) -> None:
    assert text_of(switch(alice, "wan-2.5-i2v", **{"model.slug": "x", "prompt": PROMPT}), "prompt") == PROMPT


@pytest.mark.parametrize("source", catalog.ENTRIES)
def test_what_is_carried_is_a_form_of_the_other_model(source: str) -> None:
    data, schema = dict(catalog.get(source).example), catalog.get(source).json_schema()
    for entry in catalog.ENTRIES.values():
        target = entry.json_schema()
        carried = studio_carry.carried(data, source=schema, target=target)
        assert set(carried) <= set(target["properties"])
        assert carried["prompt"] == data["prompt"]
        for name, value in carried.items():
            rule = target["properties"][name]
            assert value in rule.get("enum", [value])
            assert len(value) <= rule.get("maxItems", 99) if isinstance(value, list) else True
    whole = {name: value for name, value in data.items() if value != []}
    assert studio_carry.carried(data, source=schema, target=schema) == whole


def test_a_generation_of_another_model_fills_this_one(alice: Client, make: Callable[..., Generation]) -> None:
    row = make("veo-3.1-fast", prompt="a fox")
    page = read(alice.get(f"/studio/kling-2.1-pro?from={row.public_id}"))
    assert text_of(page, "prompt") == "a fox"


def test_the_switcher_names_the_other_models_of_the_kind(alice: Client, world: World, browser: Any) -> None:
    page = read(alice.get("/studio/nano-banana-pro"))
    others = [e.attrs["formaction"].removeprefix("/studio/") for e in page.all("button", value="switch")]
    images = [slug for slug, entry in catalog.ENTRIES.items() if entry.kind == "image"]
    assert others == [slug for slug in images if slug != "nano-banana-pro"]
    viewer = read(browser(world.carol).get("/studio/nano-banana-pro"))
    assert viewer.all("button", value="switch") == []
    assert models_of(viewer) == others


def test_enter_in_a_line_never_buys(alice: Client) -> None:
    """A browser presses the first button of a form at Enter: that is the one that only shows the price."""
    page = read(alice.get("/studio/veo-3.1-fast"))
    buttons = [e for e in page.all("button") if e.attrs.get("type") == "submit" and "do" in e.attrs.get("name", "")]
    assert (buttons[0].attrs["value"], buttons[0].attrs["form"]) == ("price", "make")
