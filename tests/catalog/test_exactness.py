"""Money is exact: sums, splits, margins, bounds, whatever the rates are; and no float comes near it."""

from __future__ import annotations

import ast
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


@st.composite
def priced_requests(draw: st.DrawFn) -> tuple[Entry, dict[str, Any], pricing.PriceBook]:
    """Any model, at any of its prices, with any rates and any margin."""
    entry = ENTRIES[draw(st.sampled_from(list(ENTRIES)))]
    _, filled = draw(st.sampled_from(entry.alternatives(LEAST[entry.slug])))
    rates = {key: draw(RATES) for key in entry.rates}
    return entry, filled, pricing.PriceBook(version_id=3, rates=rates, margin_ppm=draw(MARGINS))


@settings(max_examples=300, deadline=None)
@given(request=priced_requests())
def test_lines_add_up_to_the_total(request: tuple[Entry, dict[str, Any], pricing.PriceBook]) -> None:
    entry, filled, book = request
    priced = pricing.quote(entry, filled, book)
    assert sum(line.amount for line in priced.lines) == priced.total
    assert all(type(line.amount) is int and line.amount >= 0 for line in priced.lines)
    for line in priced.lines:
        if line.per == 1:
            assert line.amount == line.quantity * line.unit_price
    bare = pricing.quote(entry, filled, pricing.PriceBook(3, book.rates, 0))
    assert priced.total == ceil(Fraction(bare.total) * (1_000_000 + book.margin_ppm) / 1_000_000)
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


@settings(max_examples=200, deadline=None)
@given(request=priced_requests(), extra=st.integers(1, 500_000))
def test_a_higher_margin_is_never_cheaper(request: tuple[Entry, dict[str, Any], pricing.PriceBook], extra: int) -> None:
    entry, filled, book = request
    dearer = pricing.PriceBook(3, book.rates, book.margin_ppm + extra)
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
