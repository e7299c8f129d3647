"""Every price and every cross-field rule against the golden table."""

from __future__ import annotations

from typing import Any

import pytest

from generations import catalog, pricing
from generations.catalog import ENTRIES, InputError
from tests.catalog.cases import LEAST
from tests.catalog.golden import PRICES, RULES


@pytest.mark.parametrize(("slug", "extra", "variant", "price", "cost"), PRICES)
def test_the_price_is_the_listed_one(slug: str, extra: dict[str, Any], variant: str, price: int, cost: int) -> None:
    entry = catalog.get(slug)
    filled = entry.validate({**LEAST[slug], **extra})
    priced = pricing.quote(entry, filled, pricing.launch_price(entry))
    assert entry.variant(filled) == variant
    assert (priced.total, priced.hold) == (price, price)
    assert sum(line.amount for line in priced.lines) == price
    assert entry.expected_cost(filled, entry.outputs(filled)) == cost


def test_the_golden_table_covers_every_price_a_model_can_have() -> None:
    for slug, entry in ENTRIES.items():
        golden = {price for row, _, _, price, _ in PRICES if row == slug}
        if entry.unit == "token":
            assert golden
            continue
        examples = pricing.price_examples(entry, pricing.launch_price(entry))
        assert golden == {example.total for example in examples}, slug
        variants = {variant for row, _, variant, _, _ in PRICES if row == slug}
        assert variants == set(entry.rates), slug


@pytest.mark.parametrize(("slug", "extra", "field", "words"), RULES)
def test_a_rule_across_fields_refuses_and_names_both(slug: str, extra: dict[str, Any], field: str, words: str) -> None:
    entry = catalog.get(slug)
    if not field:
        assert entry.validate({**LEAST[slug], **extra})
        return
    with pytest.raises(InputError) as refused:
        entry.validate({**LEAST[slug], **extra})
    assert [(error.path, error.code) for error in refused.value.errors] == [(field, "conflict")]
    assert field in refused.value.errors[0].message
    assert words in refused.value.errors[0].message


def test_the_golden_table_breaks_every_rule() -> None:
    for slug, entry in ENTRIES.items():
        broken = {field for row, _, field, _ in RULES if row == slug and field}
        assert broken == {rule.then for rule in entry.rules}, slug


def test_seedream_captures_what_came_back() -> None:
    entry = catalog.get("seedream-v4-edit")
    filled = entry.validate({**LEAST[entry.slug], "max_images": 4})
    book = pricing.launch_price(entry)
    captured = [pricing.capture_amount(entry, filled, book, count) for count in range(6)]
    assert captured == [0, 17_500, 35_000, 52_500, 70_000, 70_000]
    assert entry.outputs(filled) == 4
    assert entry.expected_cost(filled, 2) == 35_000


def test_qwen_captures_what_came_back() -> None:
    entry = catalog.get("qwen-image-edit-plus")
    filled = entry.validate({**LEAST[entry.slug], "num_images": 4})
    book = pricing.launch_price(entry)
    assert [pricing.capture_amount(entry, filled, book, count) for count in (0, 1, 3, 4, 9)] == [
        0,
        30_000,
        90_000,
        120_000,
        120_000,
    ]


def test_a_video_is_charged_whole_or_not_at_all() -> None:
    entry = catalog.get("seedance-v1-pro")
    filled = entry.validate({**LEAST[entry.slug], "duration": "10", "resolution": "480p"})
    book = pricing.launch_price(entry)
    assert pricing.capture_amount(entry, filled, book, 0) == 0
    assert pricing.capture_amount(entry, filled, book, 1) == 140_000
    assert entry.expected_cost(filled, 0) == 0


def test_a_line_says_units_and_unit_price() -> None:
    entry = catalog.get("seedance-v1-pro")
    filled = entry.validate({**LEAST[entry.slug], "duration": "10", "resolution": "480p"})
    assert entry.lines(filled, entry.rates) == [catalog.Line("10 s, 480p", 10, "second", 14_000, 140_000)]


def test_a_price_version_without_the_rate_is_an_error() -> None:
    entry = catalog.get("veo-3.1-fast")
    book = pricing.PriceBook(version_id=1, rates={"other": 1}, margin_ppm=0)
    with pytest.raises(KeyError):
        pricing.quote(entry, entry.validate(LEAST[entry.slug]), book)


@pytest.mark.parametrize("rate", [0, -1, 0.1, True, "5"])
def test_a_rate_that_is_not_whole_and_positive_is_refused(rate: Any) -> None:
    with pytest.raises(ValueError, match="whole, positive"):
        pricing.PriceBook(version_id=1, rates={"video": rate}, margin_ppm=0)


@pytest.mark.parametrize("margin", [-1, 0.5, True])
def test_a_margin_that_is_not_whole_is_refused(margin: Any) -> None:
    with pytest.raises(ValueError, match="margin"):
        pricing.PriceBook(version_id=1, rates={"video": 1}, margin_ppm=margin)
