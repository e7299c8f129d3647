"""The studio remembers the choices of a member's last use of a model, and nothing that belongs to one result."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from generations import catalog, studio_settings
from generations.models import StudioSettings
from tests.world import World

QWEN = {
    "prompt": "a red door",
    "image_urls": ["upl_" + "1" * 32],
    "image_size": "landscape_16_9",
    "num_images": 3,
    "seed": 7,
    "enable_safety_checker": False,
}


def test_choices_come_back_and_words_images_and_seed_do_not(world: World) -> None:
    bob = world.actor(world.bob)
    studio_settings.remember(actor=bob, slug="qwen-image-edit-plus", input=QWEN, count=4)
    kept = {"image_size": "landscape_16_9", "num_images": 3, "enable_safety_checker": False}
    assert StudioSettings.objects.get().input == kept
    assert studio_settings.remembered(actor=bob, slug="qwen-image-edit-plus") == (kept, 4)


def test_the_last_use_counts(world: World) -> None:
    bob = world.actor(world.bob)
    studio_settings.remember(actor=bob, slug="veo-3.1-fast", input={"aspectRatio": "9:16"}, count=2)
    first = StudioSettings.objects.get()
    studio_settings.remember(actor=bob, slug="veo-3.1-fast", input={"aspectRatio": "Auto"}, count=1)
    last = StudioSettings.objects.get()
    assert (last.pk, last.input, last.count) == (first.pk, {"aspectRatio": "Auto"}, 1)


def test_each_member_and_each_model_has_its_own(world: World) -> None:
    bob, alice = world.actor(world.bob), world.actor(world.alice)
    studio_settings.remember(actor=bob, slug="veo-3.1-fast", input={"aspectRatio": "9:16"}, count=2)
    assert studio_settings.remembered(actor=alice, slug="veo-3.1-fast") == ({}, 1)
    assert studio_settings.remembered(actor=bob, slug="nano-banana-pro") == ({}, 1)
    studio_settings.remember(actor=alice, slug="veo-3.1-fast", input={"aspectRatio": "16:9"}, count=8)
    assert studio_settings.remembered(actor=bob, slug="veo-3.1-fast") == ({"aspectRatio": "9:16"}, 2)


@pytest.mark.parametrize(
    ("slug", "stored", "left"),
    [
        ("veo-3.1-fast", {"aspectRatio": "4:3", "generationType": "TEXT_2_VIDEO"}, {"generationType": "TEXT_2_VIDEO"}),
        ("veo-3.1-fast", {"gone": 1, "aspectRatio": ["9:16"], "prompt": "kept by mistake"}, {}),
        ("qwen-image-edit-plus", {"num_images": 99, "image_size": "square"}, {"image_size": "square"}),
        ("qwen-image-edit-plus", {"num_images": True, "enable_safety_checker": "yes"}, {}),
        ("hailuo-2.3-pro", {"duration": "10", "resolution": "768P"}, {"duration": "10", "resolution": "768P"}),
        ("prompt-expansion-text", {"model": "gone/away", "temperature": 0.3}, {"temperature": 0.3}),
    ],
)
def test_what_a_model_no_longer_takes_is_left_out(
    world: World, slug: str, stored: dict[str, object], left: dict[str, object]
) -> None:
    bob = world.actor(world.bob)
    StudioSettings.objects.create(team=world.team, membership=bob.membership, model=slug, input=stored)
    assert studio_settings.remembered(actor=bob, slug=slug) == (left, 1)


def test_choices_that_refuse_each_other_leave_what_fits(world: World) -> None:
    """A rule may have come since: one of the two goes, and what is left is accepted."""
    entry = catalog.get("hailuo-2.3-pro")
    left = studio_settings.choices(entry, {"duration": "10", "resolution": "1080P"})
    assert left in ({"resolution": "1080P"}, {"duration": "10"}, {})
    entry.validate({**entry.example, "resolution": "768P", **left})


def test_a_choice_of_price_data_follows_the_price(world: World) -> None:
    rates = {"meta/llama:input": 1, "meta/llama:output": 1}
    entry = catalog.get("prompt-expansion-text")
    assert studio_settings.choices(entry, {"model": "meta/llama"}, rates=rates) == {"model": "meta/llama"}
    assert studio_settings.choices(entry, {"model": "meta/llama"}) == {}


@pytest.mark.parametrize("slug", list(catalog.ENTRIES))
def test_of_every_model_only_choices_are_kept(slug: str) -> None:
    entry = catalog.get(slug)
    kept = studio_settings.choices(entry, entry.validate(dict(entry.example)))
    properties = entry.json_schema()["properties"]
    assert kept
    for name in kept:
        assert properties[name]["title"] != "Seed"
        assert "x-image" not in properties[name]
        assert properties[name]["x-control"] not in ("textarea", "images", "image")


def test_a_count_beyond_the_most_is_cut(world: World) -> None:
    for given, kept in ((99, 8), (0, 1), (-3, 1)):
        studio_settings.remember(actor=world.actor(world.bob), slug="veo-3.1-fast", input={}, count=given)
        assert StudioSettings.objects.get().count == kept


def test_a_key_has_no_studio_and_a_stranger_model_no_settings(world: World) -> None:
    key = world.actor()
    studio_settings.remember(actor=key, slug="veo-3.1-fast", input={"aspectRatio": "9:16"}, count=2)
    assert not StudioSettings.objects.exists()
    assert studio_settings.remembered(actor=key, slug="veo-3.1-fast") == ({}, 1)
    assert studio_settings.remembered(actor=world.actor(world.bob), slug="nothing") == ({}, 1)


def test_one_query_reads_them(world: World, count_queries: Callable[[Callable[[], Any]], int]) -> None:
    bob = world.actor(world.bob)
    studio_settings.remember(actor=bob, slug="veo-3.1-fast", input={"aspectRatio": "9:16"}, count=2)
    assert count_queries(lambda: studio_settings.remembered(actor=bob, slug="veo-3.1-fast")) == 1
