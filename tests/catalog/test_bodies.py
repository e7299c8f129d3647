"""Request bodies, field by field, against the documented examples (S0, S2, kie.md 1.3, fal.md 7.2).

DOCUMENTED: slug, the input a customer gives, the provider's body without the callback.
"""

from __future__ import annotations

from typing import Any

import pytest

from generations import catalog
from generations.catalog import ENTRIES
from tests.catalog.cases import IMAGE, LEAST, UPLOAD

FILE = "https://file.aiquickdraw.com/custom-page/akr/section-images/1759211376283gfcw5zcy.png"

DOCUMENTED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "kling-2.5-turbo-pro",
        {
            "prompt": "Astronaut instantly teleports...",
            "image_url": FILE,
            "tail_image_url": "",
            "duration": "5",
            "negative_prompt": "blur, distort",
            "cfg_scale": 0.5,
        },
        {
            "model": "kling/v2-5-turbo-image-to-video-pro",
            "input": {
                "prompt": "Astronaut instantly teleports...",
                "image_url": FILE,
                "duration": "5",
                "negative_prompt": "blur, distort",
                "cfg_scale": 0.5,
            },
        },
    ),
    (
        "hailuo-2.3-pro",
        {"prompt": "A graceful geisha...", "image_url": FILE, "duration": "6", "resolution": "768P"},
        {
            "model": "hailuo/2-3-image-to-video-pro",
            "input": {
                "prompt": "A graceful geisha...",
                "image_url": FILE,
                "duration": "6",
                "resolution": "768P",
            },
        },
    ),
    (
        "wan-2.5-i2v",
        {"prompt": "The same woman...", "image_url": FILE},
        {
            "model": "wan/2-5-image-to-video",
            "input": {
                "prompt": "The same woman...",
                "image_url": FILE,
                "duration": "5",
                "resolution": "1080p",
                "enable_prompt_expansion": True,
            },
        },
    ),
    (
        "kling-2.1-pro",
        {"prompt": "POV shot...", "image_url": FILE, "negative_prompt": "blur, distort", "tail_image_url": IMAGE},
        {
            "model": "kling/v2-1-pro",
            "input": {
                "prompt": "POV shot...",
                "image_url": FILE,
                "tail_image_url": IMAGE,
                "duration": "5",
                "negative_prompt": "blur, distort",
                "cfg_scale": 0.5,
            },
        },
    ),
    (
        "wan-2.2-turbo",
        {"prompt": "Overcast lighting", "image_url": FILE, "seed": 0},
        {
            "model": "wan/2-2-a14b-image-to-video-turbo",
            "input": {
                "image_url": FILE,
                "prompt": "Overcast lighting",
                "resolution": "720p",
                "aspect_ratio": "auto",
                "enable_prompt_expansion": False,
                "seed": 0,
                "acceleration": "none",
            },
        },
    ),
    (
        "seedance-v1-pro",
        {"prompt": "A golden retriever...", "image_url": FILE, "resolution": "720p"},
        {
            "model": "bytedance/v1-pro-image-to-video",
            "input": {
                "prompt": "A golden retriever...",
                "image_url": FILE,
                "resolution": "720p",
                "duration": "5",
                "camera_fixed": False,
                "seed": -1,
                "enable_safety_checker": True,
            },
        },
    ),
    (
        "veo-3.1-fast",
        {
            "prompt": "A dog playing in a park",
            "imageUrls": ["http://example.com/image1.jpg", "http://example.com/image2.jpg"],
            "aspectRatio": "16:9",
            "seeds": 12345,
        },
        {
            "prompt": "A dog playing in a park",
            "imageUrls": ["http://example.com/image1.jpg", "http://example.com/image2.jpg"],
            "model": "veo3_fast",
            "aspectRatio": "16:9",
            "aspect_ratio": "16:9",
            "seeds": 12345,
            "generationType": "FIRST_AND_LAST_FRAMES_2_VIDEO",
        },
    ),
    (
        "veo-3.1-fast",
        {"prompt": "A dog", "aspectRatio": "Auto"},
        {
            "prompt": "A dog",
            "imageUrls": [],
            "model": "veo3_fast",
            "aspectRatio": "Auto",
            "aspect_ratio": "Auto",
            "generationType": "TEXT_2_VIDEO",
        },
    ),
    (
        "nano-banana-edit",
        {"prompt": "turn this photo...", "image_urls": [FILE]},
        {
            "model": "google/nano-banana-edit",
            "input": {
                "prompt": "turn this photo...",
                "image_urls": [FILE],
                "output_format": "png",
                "image_size": "1:1",
            },
        },
    ),
    (
        "nano-banana-pro",
        {"prompt": "Comic poster"},
        {
            "model": "nano-banana-pro",
            "input": {
                "prompt": "Comic poster",
                "image_input": [],
                "aspect_ratio": "1:1",
                "resolution": "1K",
                "output_format": "png",
            },
        },
    ),
    (
        "seedream-v4-edit",
        {"prompt": "create a showcase...", "image_urls": [FILE]},
        {
            "model": "bytedance/seedream-v4-edit",
            "input": {
                "prompt": "create a showcase...",
                "image_urls": [FILE],
                "image_size": "square_hd",
                "image_resolution": "1K",
                "max_images": 1,
            },
        },
    ),
    (
        "flux-kontext-pro",
        {"prompt": "A lake"},
        {
            "model": "flux-kontext-pro",
            "prompt": "A lake",
            "aspectRatio": "16:9",
            "outputFormat": "jpeg",
            "promptUpsampling": False,
            "safetyTolerance": 2,
            "enableTranslation": True,
        },
    ),
    (
        "flux-kontext-max",
        {"prompt": "Make it night", "inputImage": FILE, "aspectRatio": "1:1", "safetyTolerance": 0},
        {
            "model": "flux-kontext-max",
            "prompt": "Make it night",
            "inputImage": FILE,
            "aspectRatio": "1:1",
            "outputFormat": "jpeg",
            "promptUpsampling": False,
            "safetyTolerance": 0,
            "enableTranslation": True,
        },
    ),
    (
        "qwen-image-edit-plus",
        {"prompt": "make it snowy", "image_urls": [FILE]},
        {
            "prompt": "make it snowy",
            "image_urls": [FILE],
            "image_size": "square_hd",
            "output_format": "png",
            "enable_safety_checker": True,
            "num_images": 1,
        },
    ),
    (
        "prompt-expansion-vision",
        {"prompt": "Describe this image...", "image_urls": [FILE], "system_prompt": "Be concise."},
        {
            "model": "google/gemini-2.5-flash",
            "prompt": "Describe this image...",
            "image_urls": [FILE],
            "system_prompt": "Be concise.",
            "temperature": 1,
            "max_tokens": 1024,
        },
    ),
    (
        "prompt-expansion-text",
        {"model": "google/gemini-2.5-flash", "prompt": "Write a story...", "temperature": 0.2, "max_tokens": 9},
        {
            "model": "google/gemini-2.5-flash",
            "prompt": "Write a story...",
            "temperature": 0.2,
            "max_tokens": 9,
        },
    ),
]


@pytest.mark.parametrize(("slug", "given", "body"), DOCUMENTED)
def test_the_body_is_the_documented_one(slug: str, given: dict[str, Any], body: dict[str, Any]) -> None:
    entry = catalog.get(slug)
    sent = entry.body(entry.validate(given))
    assert sent == body
    assert _types(sent) == _types(body)


def test_every_model_has_a_documented_body() -> None:
    assert {slug for slug, _, _ in DOCUMENTED} == set(ENTRIES)


@pytest.mark.parametrize("slug", LEAST)
def test_the_prompt_is_sent_as_it_was_given(slug: str) -> None:
    entry = catalog.get(slug)
    words = "  two lines\r\n\t“quoted” \N{ROCKET} é e\u0301 "
    body = entry.body(entry.validate({**LEAST[slug], "prompt": words}))
    assert body.get("input", body)["prompt"] == words


@pytest.mark.parametrize("slug", LEAST)
def test_every_default_is_sent(slug: str) -> None:
    entry = catalog.get(slug)
    body = entry.body(entry.validate(LEAST[slug]))
    sent = body.get("input", body)
    for name, field in entry.json_schema()["properties"].items():
        if "default" in field:
            assert sent[name] == field["default"], name


@pytest.mark.parametrize("slug", LEAST)
def test_optional_fields_without_a_value_are_not_sent(slug: str) -> None:
    entry = catalog.get(slug)
    fields = entry.json_schema()["properties"]
    empty = {
        name: ""
        for name, field in fields.items()
        if field["type"] == "string" and "default" not in field and not field.get("enum") and name not in LEAST[slug]
    }
    assert entry.validate({**LEAST[slug], **empty}) == entry.validate(LEAST[slug])
    assert None not in entry.validate(LEAST[slug]).values()


def test_images_are_found_and_rewritten() -> None:
    given = {"prompt": "go", "image_url": IMAGE, "tail_image_url": UPLOAD}
    entry = catalog.get("kling-2.1-pro")
    filled = entry.validate(given)
    assert entry.image_paths(filled) == [("image_url", IMAGE), ("tail_image_url", UPLOAD)]
    changed = entry.with_images(filled, str.upper)
    assert (changed["image_url"], changed["tail_image_url"]) == (IMAGE.upper(), UPLOAD.upper())
    assert filled["image_url"] == IMAGE


def test_images_in_lists_are_found_and_rewritten() -> None:
    entry = catalog.get("seedream-v4-edit")
    filled = entry.validate({"prompt": "go", "image_urls": [IMAGE, UPLOAD]})
    assert entry.image_paths(filled) == [("image_urls.0", IMAGE), ("image_urls.1", UPLOAD)]
    assert entry.with_images(filled, len)["image_urls"] == [len(IMAGE), len(UPLOAD)]  # type: ignore[arg-type]


def _types(value: Any) -> Any:
    """Shapes with types, so that true is not 1 and "5" not 5; whole and broken numbers are one type in JSON."""
    if isinstance(value, dict):
        return {key: _types(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_types(item) for item in value]
    return "number" if type(value) in (int, float) else type(value).__name__
