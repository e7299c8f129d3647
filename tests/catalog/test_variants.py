"""The dearest variant of the same request that a wallet or budget still allows."""

from __future__ import annotations

from typing import Any

import pytest

from generations import catalog, pricing
from tests.catalog.cases import LEAST

# slug, request, available, the fields that change (None: nothing fits), price; typed from catalogue.md
FITS: list[tuple[str, dict[str, Any], int, dict[str, Any] | None, int]] = [
    ("kling-2.5-turbo-pro", {"duration": "10"}, 420_000, {}, 420_000),
    ("kling-2.5-turbo-pro", {"duration": "10"}, 419_999, {"duration": "5"}, 210_000),
    ("kling-2.5-turbo-pro", {"duration": "10"}, 209_999, None, 0),
    (
        "hailuo-2.3-pro",
        {"duration": "10", "resolution": "768P"},
        449_999,
        {"duration": "6", "resolution": "1080P"},
        390_000,
    ),
    ("hailuo-2.3-pro", {}, 389_999, {"resolution": "768P"}, 220_000),
    ("wan-2.5-i2v", {"duration": "10"}, 999_999, {"resolution": "720p"}, 600_000),
    ("wan-2.5-i2v", {"duration": "10"}, 599_999, {"duration": "5"}, 500_000),
    ("wan-2.2-turbo", {}, 300_000, {"resolution": "580p"}, 300_000),
    ("seedance-v1-pro", {"duration": "10"}, 349_999, {"resolution": "720p"}, 300_000),
    ("veo-3.1-fast", {}, 299_999, None, 0),
    ("nano-banana-pro", {"resolution": "4K"}, 120_000, {}, 120_000),
    ("seedream-v4-edit", {"max_images": 6}, 60_000, {"max_images": 3}, 52_500),
    ("qwen-image-edit-plus", {"num_images": 4}, 30_000, {"num_images": 1}, 30_000),
    ("prompt-expansion-text", {"max_tokens": 4096}, 3_000, {"max_tokens": 1024}, 2_638),
    ("flux-kontext-max", {}, 0, None, 0),
]  # fmt: skip


@pytest.mark.parametrize(("slug", "extra", "available", "changes", "price"), FITS)
def test_the_dearest_that_fits_is_named(
    slug: str, extra: dict[str, Any], available: int, changes: dict[str, Any] | None, price: int
) -> None:
    entry = catalog.get(slug)
    filled = entry.validate({**LEAST[slug], **extra})
    fitting = pricing.dearest_fitting(entry, filled, pricing.launch_price(entry), available)
    if changes is None:
        assert fitting is None
        return
    assert fitting is not None
    assert (fitting.changes, fitting.total) == (changes, price)
    assert fitting.input == entry.validate({**filled, **changes})


def test_variants_keep_the_rest_of_the_request_and_obey_the_rules() -> None:
    entry = catalog.get("hailuo-2.3-pro")
    filled = entry.validate({**LEAST[entry.slug], "prompt": "keep me"})
    found = pricing.variants(entry, filled, pricing.launch_price(entry))
    assert [(variant.changes, variant.total) for variant in found] == [
        ({"duration": "10", "resolution": "768P"}, 450_000),
        ({}, 390_000),
        ({"resolution": "768P"}, 220_000),
    ]
    assert {variant.input["prompt"] for variant in found} == {"keep me"}


def test_variants_are_priced_with_the_margin_in_force() -> None:
    entry = catalog.get("kling-2.1-pro")
    filled = entry.validate(LEAST[entry.slug])
    found = pricing.variants(entry, filled, pricing.PriceBook(9, entry.rates, 100_000))
    assert [(variant.total, variant.price_version) for variant in found] == [(550_000, 9), (275_000, 9)]
