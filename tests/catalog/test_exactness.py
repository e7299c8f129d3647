"""Money is exact: sums, splits, margins, bounds, whatever the rates are; and no float comes near it."""

from __future__ import annotations

import ast
from dataclasses import replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generations import catalog, pricing
from generations.catalog import ENTRIES, Entry
from tests.catalog.cases import LEAST

MARGINS = st.integers(0, 3_000_000)
RATES = st.integers(1, 10_000_000)
DISCOUNTS = st.integers(1, 900_000)


@st.composite
def priced_requests(draw: st.DrawFn) -> tuple[Entry, dict[str, Any], pricing.PriceBook]:
    """Any model, at any of its prices, with any rates, margins, fixed prices and any discount."""
    entry = ENTRIES[draw(st.sampled_from(list(ENTRIES)))]
    _, filled = draw(st.sampled_from(entry.alternatives(LEAST[entry.slug])))
    rates = {key: draw(RATES) for key in entry.rates}
    some = st.sets(st.sampled_from(entry.variants(rates)))
    margins = {key: draw(MARGINS) for key in sorted(draw(some))}
    fixed = {} if entry.unit == "token" else {key: draw(RATES) for key in sorted(draw(some))}
    discount = draw(st.one_of(st.just(0), DISCOUNTS))
    return entry, filled, pricing.PriceBook(3, rates, draw(MARGINS), margins, fixed, discount)


def factor_of(entry: Entry, filled: dict[str, Any], book: pricing.PriceBook) -> Fraction:
    """Margin and discount on this input, by arithmetic of its own."""
    variant = entry.variant(filled)
    margin = 0 if variant in book.fixed else book.margins.get(variant, book.margin_ppm)
    return Fraction(1_000_000 + margin, 1_000_000) * Fraction(1_000_000 - book.discount_ppm, 1_000_000)


@settings(max_examples=300, deadline=None)
@given(request=priced_requests())
def test_lines_add_up_to_the_total(request: tuple[Entry, dict[str, Any], pricing.PriceBook]) -> None:
    entry, filled, book = request
    priced = pricing.quote(entry, filled, book)
    assert sum(line.amount for line in priced.lines) == priced.total
    assert all(type(line.amount) is int for line in priced.lines)
    off = [line for line in priced.lines if line.unit == pricing.DISCOUNT]
    assert all(line.amount >= 0 for line in priced.lines if line not in off)
    assert len(off) == bool(book.discount_ppm)
    assert all(line.amount <= 0 and line is priced.lines[-1] for line in off)
    for line in priced.lines:
        if line.per == 1:
            assert line.amount == line.quantity * line.unit_price
    bare = pricing.quote(entry, filled, pricing.PriceBook(3, {**book.rates, **book.fixed}, 0))
    assert priced.total == ceil(bare.total * factor_of(entry, filled, book)) > 0
    assert priced.hold >= priced.total
    assert priced.price_version == 3


@settings(max_examples=300, deadline=None)
@given(request=priced_requests(), delivered=st.integers(0, 9), usage=st.integers(0, 10**9))
def test_a_capture_is_never_above_the_hold(
    request: tuple[Entry, dict[str, Any], pricing.PriceBook], delivered: int, usage: int
) -> None:
    entry, filled, book = request
    hold = pricing.quote(entry, filled, book).hold
    captured = pricing.capture_amount(entry, filled, book, delivered, usage)
    assert 0 <= captured <= hold
    assert pricing.capture_amount(entry, filled, book, 0, usage) == 0
    if entry.unit != "token" and delivered >= entry.outputs(filled):
        assert captured == hold
    more = pricing.capture_amount(entry, filled, book, delivered + 1, usage)
    assert captured <= more


@settings(max_examples=300, deadline=None)
@given(request=priced_requests(), delivered=st.integers(0, 9), usage=st.integers(0, 10**9))
def test_what_is_charged_is_made_from_the_list_amount(
    request: tuple[Entry, dict[str, Any], pricing.PriceBook], delivered: int, usage: int
) -> None:
    """What is kept of a generation (list amount, variant, discount) is enough to price it anew, at any book."""
    entry, filled, book = request
    listed = pricing.list_amount(entry, filled, book, delivered, usage)
    captured = pricing.capture_amount(entry, filled, book, delivered, usage)
    assert captured == ceil(listed * factor_of(entry, filled, book))
    bare = pricing.PriceBook(3, {**book.rates, **book.fixed}, 0)
    assert listed == pricing.capture_amount(entry, filled, bare, delivered, usage)
    if entry.unit != "token":
        assert listed % book.listed[entry.variant(filled)] == 0  # so many units


@settings(max_examples=200, deadline=None)
@given(request=priced_requests(), extra=st.integers(1, 900_000))
def test_a_higher_discount_is_never_dearer(
    request: tuple[Entry, dict[str, Any], pricing.PriceBook], extra: int
) -> None:
    entry, filled, book = request
    lower = replace(book, discount_ppm=min(book.discount_ppm + extra, pricing.MOST_DISCOUNT))
    assert 0 < pricing.quote(entry, filled, lower).hold <= pricing.quote(entry, filled, book).hold
    assert pricing.quote(entry, filled, lower).total <= pricing.quote(entry, filled, book).total


@settings(max_examples=200, deadline=None)
@given(request=priced_requests(), extra=st.integers(1, 500_000))
def test_a_higher_margin_is_never_cheaper(request: tuple[Entry, dict[str, Any], pricing.PriceBook], extra: int) -> None:
    entry, filled, book = request
    margins = {key: margin + extra for key, margin in book.margins.items()}
    dearer = replace(book, margin_ppm=book.margin_ppm + extra, margins=margins)
    assert pricing.quote(entry, filled, dearer).total >= pricing.quote(entry, filled, book).total


@settings(max_examples=200, deadline=None)
@given(
    slug=st.sampled_from(["seedream-v4-edit", "qwen-image-edit-plus"]),
    rate=RATES,
    margin=MARGINS,
    count=st.integers(1, 4),
)
def test_splitting_a_request_costs_at_most_a_micro_dollar_each(slug: str, rate: int, margin: int, count: int) -> None:
    entry = catalog.get(slug)
    field = {"seedream-v4-edit": "max_images"}.get(slug, "num_images")
    book = pricing.PriceBook(1, {"image": rate}, margin)
    once = pricing.quote(entry, entry.validate({**LEAST[slug], field: count}), book).total
    split = count * pricing.quote(entry, entry.validate(LEAST[slug]), book).total
    assert 0 <= split - once < count
    if not margin:
        assert split == once


@pytest.mark.parametrize(
    ("amount", "margin", "total"),
    [(17_500, 0, 17_500), (17_500, 1, 17_501), (100, 10_000, 101), (101, 10_000, 103), (1, 999_999, 2), (0, 5, 0)],
)
def test_a_margin_is_rounded_up_once(amount: int, margin: int, total: int) -> None:
    assert pricing.with_margin(amount, margin) == total


def test_a_fraction_of_the_margin_stands_in_its_own_line() -> None:
    entry = catalog.get("seedream-v4-edit")
    filled = entry.validate({**LEAST[entry.slug], "max_images": 6})
    priced = pricing.quote(entry, filled, pricing.PriceBook(1, entry.rates, 33_333))
    assert priced.lines == (
        catalog.Line("6 images", 6, "image", 18_083, 108_498),
        catalog.Line("Rounding", 1, "rounding", 2, 2),
    )
    assert priced.total == 108_500
    even = pricing.quote(entry, filled, pricing.PriceBook(1, entry.rates, 200_000))
    assert even.lines == (catalog.Line("6 images", 6, "image", 21_000, 126_000),)


@pytest.mark.parametrize("ppm", [-1, 900_001, True, 0.1])
def test_a_discount_is_whole_and_at_most_nine_tenths(ppm: Any) -> None:
    with pytest.raises(ValueError, match="at most 900,000"):
        pricing.PriceBook(1, {"video": 1}, 0, discount_ppm=ppm)


@pytest.mark.parametrize("book", [{"fixed": {"video": 0}}, {"margins": {"video": -1}}, {"fixed": {"video": 1.5}}])
def test_a_price_of_a_variant_is_whole_and_positive(book: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="whole"):
        pricing.PriceBook(1, {"video": 1}, 0, **book)


def test_margin_and_discount_are_rounded_up_once() -> None:
    book = pricing.PriceBook(1, {"image": 1}, 100_000, discount_ppm=500_000)
    assert pricing.marked_up(1, book, "image") == 1  # 0.55
    assert pricing.marked_up(20, book, "image") == 11  # 11.00 exactly
    assert pricing.marked_up(21, book, "image") == 12  # 11.55; rounded twice it is 12 too
    assert pricing.marked_up(11, replace(book, discount_ppm=750_000), "image") == 4  # 3.025; twice: 13 / 4, 3.25
    third = pricing.PriceBook(1, {"image": 1}, 1, discount_ppm=900_000)
    assert pricing.marked_up(10, third, "image") == 2  # 1.000001 and up; without the margin it is 1


SOURCE = Path(catalog.__file__).parent
INPUT_ONLY = {"fields.py", "errors.py", "rules.py", "schema.py"}


def test_no_float_comes_near_money() -> None:
    """No float literal, no float(), no / and no round() in the code that prices; classes of inputs and examples
    (cfg_scale 0.5) are left out, and so is the division of exact decimals that writes a price list."""
    files = [path for path in SOURCE.rglob("*.py") if path.name not in INPUT_ONLY]
    assert len(files) > 15
    for path in [*files, SOURCE.parent / "pricing.py"]:
        for node in _pricing_nodes(ast.parse(path.read_text())):
            where = f"{path.name}:{getattr(node, 'lineno', 0)}"
            assert not (isinstance(node, ast.Constant) and type(node.value) is float), where
            assert not (isinstance(node, ast.Name) and node.id in ("float", "round")), where
            assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), where


def _pricing_nodes(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.ClassDef) and node.name.endswith("Input"):
        return []
    if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["example"]:
        return []
    if isinstance(node, ast.FunctionDef) and node.name == "_exact":
        return []
    return [node, *(inner for child in ast.iter_child_nodes(node) for inner in _pricing_nodes(child))]
