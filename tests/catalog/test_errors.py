"""How a refusal reads: all errors at once, stable codes, sentences with names and limits."""

from __future__ import annotations

from typing import Any

import pytest

from generations import catalog
from generations.catalog import InputError
from tests.catalog.cases import IMAGE, LEAST


def errors_of(slug: str, data: object) -> list[tuple[str, str, str]]:
    with pytest.raises(InputError) as refused:
        catalog.get(slug).validate(data)
    return [(error.path, error.code, error.message) for error in refused.value.errors]


def test_all_errors_come_at_once() -> None:
    given = {
        "image_url": "nope",
        "duration": "7",
        "resolution": 768,
        "price": 0,
    }
    assert errors_of("hailuo-2.3-pro", given) == [
        ("prompt", "missing", "prompt is required"),
        (
            "image_url",
            "not_allowed",
            "image_url must be the https address of an image or the id of an upload (upl_...)",
        ),
        ("duration", "not_allowed", "duration must be one of 6, 10"),
        ("resolution", "wrong_type", 'resolution must be one of "768P", "1080P", written as text'),
        (
            "price",
            "unknown_field",
            "price is not a field of this model; it takes prompt, image_url, duration, resolution",
        ),
    ]


def test_a_conflict_is_told_together_with_other_errors() -> None:
    given = {"prompt": "", "image_url": IMAGE, "duration": "10"}
    assert [(path, code) for path, code, _ in errors_of("hailuo-2.3-pro", given)] == [
        ("prompt", "too_short"),
        ("duration", "conflict"),
    ]


def test_both_conflicts_of_a_mode_are_told() -> None:
    given = {"prompt": "go", "generationType": "REFERENCE_2_VIDEO", "aspectRatio": "Auto"}
    assert [(path, code) for path, code, _ in errors_of("veo-3.1-fast", given)] == [
        ("imageUrls", "conflict"),
        ("aspectRatio", "conflict"),
    ]


def test_a_field_that_is_wrong_by_itself_makes_no_conflict() -> None:
    given = {"prompt": "go", "generationType": "TEXT_2_VIDEO", "imageUrls": "x"}
    assert [(path, code) for path, code, _ in errors_of("veo-3.1-fast", given)] == [("imageUrls", "wrong_type")]


@pytest.mark.parametrize("slug", LEAST)
def test_each_required_field_is_missed(slug: str) -> None:
    assert [(path, code) for path, code, _ in errors_of(slug, {})] == [(name, "missing") for name in _required(slug)]


@pytest.mark.parametrize("data", [None, [], "text", 1, True, [{}]])
def test_an_input_that_is_no_object_is_refused(data: object) -> None:
    assert errors_of("veo-3.1-fast", data) == [("", "wrong_type", "the input must be an object of named fields")]


def test_paths_can_stand_below_the_body() -> None:
    with pytest.raises(InputError) as refused:
        catalog.get("nano-banana-edit").validate({"prompt": "go", "image_urls": [IMAGE, "x"]})
    assert [error.path for error in refused.value.under("input")] == ["input.image_urls.1"]
    with pytest.raises(InputError) as refused:
        catalog.get("nano-banana-edit").validate(None)
    assert [error.path for error in refused.value.under("input")] == ["input"]


@pytest.mark.parametrize(
    ("slug", "field", "value", "message"),
    [
        ("seedream-v4-edit", "max_images", 7, "max_images must be a whole number from 1 to 6"),
        ("wan-2.2-turbo", "seed", 2**31, "seed must be a whole number from 0 to 2147483647"),
        ("wan-2.5-i2v", "seed", "x", "seed must be a whole number"),
        ("kling-2.1-pro", "cfg_scale", 2, "cfg_scale must be a number from 0 to 1 in steps of 0.1"),
        ("kling-2.1-pro", "cfg_scale", 0.15, "cfg_scale must be in steps of 0.1"),
        ("wan-2.5-i2v", "enable_prompt_expansion", 1, "enable_prompt_expansion must be true or false"),
        ("wan-2.5-i2v", "prompt", "a" * 801, "prompt must be text of 1 to 800 characters (it has 801)"),
        ("wan-2.5-i2v", "negative_prompt", 5, "negative_prompt must be text of at most 500 characters"),
        ("nano-banana-edit", "image_urls", [], "image_urls must be a list of 1 to 10 images (it has 0)"),
        ("nano-banana-pro", "image_input", [IMAGE] * 9, "image_input must be a list of at most 8 images (it has 9)"),
        ("prompt-expansion-text", "model", "gpt", "model must be one of google/gemini-2.5-flash"),
    ],
)
def test_a_message_names_the_limit(slug: str, field: str, value: Any, message: str) -> None:
    assert [text for _, _, text in errors_of(slug, {**LEAST[slug], field: value})] == [message]


def test_a_flood_of_unknown_fields_is_cut_short() -> None:
    given = {**LEAST["veo-3.1-fast"], **{"x" * 200 + str(number): 1 for number in range(1_000)}}
    found = errors_of("veo-3.1-fast", given)
    assert len(found) == 100
    assert all(len(message) < 300 for _, _, message in found)


def test_fields_of_a_row_cannot_be_smuggled_in() -> None:
    for name in ("team", "credits", "price", "hold", "status", "is_staff", "callBackUrl", "Prompt", "prompt "):
        [(path, code, _)] = errors_of("kling-2.1-pro", {**LEAST["kling-2.1-pro"], name: 1})
        assert (path, code) == (name, "unknown_field")


def _required(slug: str) -> list[str]:
    order = list(catalog.get(slug).Input.model_fields)
    return sorted(LEAST[slug], key=order.index)
