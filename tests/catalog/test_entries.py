"""A walk over all entries: what each must have, whatever it is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from generations import catalog, pricing
from generations.catalog import ENTRIES, Entry
from tests.catalog.cases import LEAST

# catalogue.md, in its order: slug, name on the page, kind, provider, model or endpoint of the provider
CATALOGUE = [
    ("kling-2.5-turbo-pro", "Kling 2.5 Turbo Pro", "video", "kie", "kling/v2-5-turbo-image-to-video-pro"),
    ("hailuo-2.3-pro", "Hailuo 2.3 Pro", "video", "kie", "hailuo/2-3-image-to-video-pro"),
    ("wan-2.5-i2v", "Wan 2.5 (I2V)", "video", "kie", "wan/2-5-image-to-video"),
    ("kling-2.1-pro", "Kling 2.1 Pro", "video", "kie", "kling/v2-1-pro"),
    ("wan-2.2-turbo", "Wan 2.2 Pro (A14B turbo)", "video", "kie", "wan/2-2-a14b-image-to-video-turbo"),
    ("seedance-v1-pro", "Seedance V1 Pro", "video", "kie", "bytedance/v1-pro-image-to-video"),
    ("veo-3.1-fast", "Veo 3.1 Fast", "video", "kie", "veo3_fast"),
    ("nano-banana-edit", "Nano Banana Edit", "image", "kie", "google/nano-banana-edit"),
    ("nano-banana-pro", "Nano Banana Pro", "image", "kie", "nano-banana-pro"),
    ("seedream-v4-edit", "Seedream V4 Edit", "image", "kie", "bytedance/seedream-v4-edit"),
    ("flux-kontext-pro", "Flux Kontext Pro", "image", "kie", "flux-kontext-pro"),
    ("flux-kontext-max", "Flux Kontext Max", "image", "kie", "flux-kontext-max"),
    ("qwen-image-edit-plus", "Qwen Image Edit Plus", "image", "fal", "fal-ai/qwen-image-edit-plus"),
    ("prompt-expansion-vision", "Fal VLM", "text", "fal", "openrouter/router/vision"),
    ("prompt-expansion-text", "Fal LLM", "text", "fal", "openrouter/router"),
]
FAMILIES = {"kie": {"market", "veo", "flux"}, "fal": {"fal", "router"}}
UNITS = {"video": {"video", "second"}, "image": {"image"}, "text": {"token"}}
DEADLINES = {"video": 7_200, "image": 1_800, "text": 1_800}
SOURCE = Path(catalog.__file__).parent


def test_the_models_are_those_of_the_catalogue_in_its_order() -> None:
    rows = [(slug, e.name, e.kind, e.provider, e.provider_model) for slug, e in ENTRIES.items()]
    assert rows == CATALOGUE
    assert all(entry.slug == slug for slug, entry in ENTRIES.items())
    assert len({entry.position for entry in ENTRIES.values()}) == len(ENTRIES)


def test_an_unknown_slug_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        catalog.get("veo3")


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_an_entry_is_whole(entry: Entry) -> None:
    assert entry.family in FAMILIES[entry.provider]
    assert entry.unit in UNITS[entry.kind]
    assert entry.deadline_seconds == DEADLINES[entry.kind]
    assert 0 < entry.typical_seconds < entry.deadline_seconds
    assert entry.summary.endswith(".")
    assert entry.rates
    assert all(type(rate) is int and rate > 0 for rate in entry.rates.values())
    filled = entry.validate(LEAST[entry.slug])
    assert entry.validate(filled) == filled, "a filled input is a valid input"
    assert entry.validate(entry.example)
    assert entry.outputs(filled) == 1
    assert entry.label(filled)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_the_price_list_of_an_entry_is_whole(entry: Entry) -> None:
    book = pricing.PriceBook(version_id=7, rates=entry.rates, margin_ppm=100_000)
    table = pricing.price_table(entry, book)
    assert table["unit"] == entry.unit
    assert set(table["rates"]) == set(entry.rates)
    examples = pricing.price_examples(entry, book)
    assert examples
    assert len({example.label for example in examples}) == len(examples)
    for example in examples:
        priced = pricing.quote(entry, example.input, book)
        assert (priced.total, priced.price_version) == (example.total, 7)


def test_the_price_table_shows_exact_money() -> None:
    seedance = catalog.get("seedance-v1-pro")
    plain = pricing.price_table(seedance, pricing.launch_price(seedance))
    assert plain["rates"]["480p"] == {"usd": "0.014", "credits": "2.8"}
    dearer = pricing.PriceBook(version_id=1, rates=seedance.rates, margin_ppm=33_333)
    assert pricing.price_table(seedance, dearer)["rates"]["480p"] == {
        "usd": "0.014466662",
        "credits": "2.8933324",
    }
    text = catalog.get("prompt-expansion-text")
    assert pricing.price_table(text, pricing.launch_price(text)) == {
        "unit": "token",
        "per": 1_000_000,
        "rates": {
            "google/gemini-2.5-flash:input": {"usd": "0.3", "credits": "60"},
            "google/gemini-2.5-flash:output": {"usd": "2.5", "credits": "500"},
        },
    }


def test_the_catalogue_knows_nothing_of_django_or_the_network() -> None:
    allowed = {"generations.catalog", "generations.pricing", "project.errors", "project.money"}
    for path in [*SOURCE.rglob("*.py"), SOURCE.parent / "pricing.py"]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names += [f"{node.module}.{alias.name}" for alias in node.names]
            for name in names:
                ours = name.split(".")[0] in ("generations", "project", "billing", "accounts")
                assert not name.startswith(("django", "httpx", "rest_framework")), path
                assert not ours or any(name == a or name.startswith(f"{a}.") for a in allowed), (path, name)
