"""Texts: the bound before, the charge after, our own count, and the models that an admin lists."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generations import catalog, pricing
from generations.catalog import InputError
from project import money
from tests.catalog.cases import IMAGE, LEAST

TEXT = catalog.get("prompt-expansion-text")
VISION = catalog.get("prompt-expansion-vision")
LISTED = {**TEXT.rates, "qwen/qwen3-max:input": 1_200_000, "qwen/qwen3-max:output": 6_000_000}


def test_the_charge_is_the_usage_rounded_up() -> None:
    filled = TEXT.validate(LEAST[TEXT.slug])
    book = pricing.launch_price(TEXT)
    used = money.up(Decimal("0.0005595"))
    assert used == 560
    assert pricing.capture_amount(TEXT, filled, book, 1, used) == 560
    assert pricing.capture_amount(TEXT, filled, book, 1, 0) == 0
    assert pricing.capture_amount(TEXT, filled, pricing.PriceBook(1, TEXT.rates, 150_000), 1, used) == 644


def test_a_cost_above_the_hold_is_ours() -> None:
    filled = TEXT.validate(LEAST[TEXT.slug])
    assert pricing.capture_amount(TEXT, filled, pricing.launch_price(TEXT), 1, 10**9) == 2_638


def test_a_text_without_usage_must_be_counted_first() -> None:
    filled = TEXT.validate(LEAST[TEXT.slug])
    with pytest.raises(ValueError, match="own_count_cost"):
        pricing.capture_amount(TEXT, filled, pricing.launch_price(TEXT), 1)


def test_our_own_count_of_an_answer_without_usage() -> None:
    filled = VISION.validate({**LEAST[VISION.slug], "prompt": "a" * 400, "system_prompt": "b" * 41})
    # 100 + 11 + 258 prompt tokens at 0.30, 63 of answer at 2.50: 110.7 + 157.5 = 268.2
    assert VISION.own_count_cost(filled, "c" * 250, VISION.rates) == 269
    assert VISION.own_count_cost(filled, "c" * 10**6, VISION.rates) == 2_671  # no more than max_tokens


def test_a_fixed_price_has_no_usage() -> None:
    video = catalog.get("veo-3.1-fast")
    with pytest.raises(TypeError, match="veo"):
        video.own_count_cost(video.validate(LEAST[video.slug]), "x", video.rates)


@settings(max_examples=150, deadline=None)
@given(
    prompt=st.text(min_size=1, max_size=300).filter(lambda text: text.strip() and "\x00" not in text),
    system=st.text(max_size=100).filter(lambda text: "\x00" not in text),
    images=st.integers(1, 10),
    most=st.integers(1, 4096),
    answer=st.text(max_size=500),
    into=st.integers(1, 20_000_000),
    out=st.integers(1, 100_000_000),
)
def test_the_hold_is_an_upper_bound(
    prompt: str, system: str, images: int, most: int, answer: str, into: int, out: int
) -> None:
    """One token a byte, and the listed price of every token of the longest answer, fit into the hold."""
    rates = {"google/gemini-2.5-flash:input": into, "google/gemini-2.5-flash:output": out}
    given_input = {
        "prompt": prompt,
        "system_prompt": system,
        "image_urls": [IMAGE] * images,
        "max_tokens": most,
    }
    filled = VISION.validate(given_input, rates=rates)
    hold = pricing.quote(VISION, filled, pricing.PriceBook(1, rates, 0)).hold
    longest = len((prompt + system).encode()) + images * 4_386
    assert hold * 1_000_000 >= longest * into + most * out
    assert VISION.own_count_cost(filled, answer, rates) <= hold


def test_an_admin_can_list_more_models() -> None:
    given_input = {**LEAST[TEXT.slug], "model": "qwen/qwen3-max"}
    with pytest.raises(InputError) as refused:
        TEXT.validate(given_input)
    assert [(error.path, error.code) for error in refused.value.errors] == [("model", "not_allowed")]
    filled = TEXT.validate(given_input, rates=LISTED)
    assert TEXT.variant(filled) == "qwen/qwen3-max"
    # 258 x 1.20 = 309.6 and 1,024 x 6.00 = 6,144
    assert pricing.quote(TEXT, filled, pricing.PriceBook(1, LISTED, 0)).total == 6_454
    assert TEXT.expected_cost(filled, 1, rates=LISTED) == 6_454
    assert TEXT.json_schema(rates=LISTED)["properties"]["model"]["enum"] == [
        "google/gemini-2.5-flash",
        "qwen/qwen3-max",
    ]
    assert TEXT.json_schema()["properties"]["model"]["enum"] == ["google/gemini-2.5-flash"]


def test_a_model_with_half_a_price_is_not_listed() -> None:
    rates = {**TEXT.rates, "half/price:input": 1, "other/half:output": 1}
    assert TEXT.json_schema(rates=rates)["properties"]["model"]["enum"] == ["google/gemini-2.5-flash"]


def test_a_default_model_that_is_not_listed_must_be_named() -> None:
    rates = {key: rate for key, rate in LISTED.items() if key.startswith("qwen")}
    schema = TEXT.json_schema(rates=rates)
    assert "default" not in schema["properties"]["model"]
    assert "model" in schema["required"]
    with pytest.raises(InputError):
        TEXT.validate(LEAST[TEXT.slug], rates=rates)
    assert TEXT.validate({**LEAST[TEXT.slug], "model": "qwen/qwen3-max"}, rates=rates)


def test_the_lines_of_a_text_say_bounds_and_prices_by_the_million() -> None:
    filled = TEXT.validate({**LEAST[TEXT.slug], "max_tokens": 1})
    assert TEXT.lines(filled, TEXT.rates) == [
        catalog.Line("Prompt and images, at most", 258, "token", 300_000, 78, 1_000_000),
        catalog.Line("Answer, at most", 1, "token", 2_500_000, 2, 1_000_000),
    ]
