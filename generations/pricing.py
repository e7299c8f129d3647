"""What a generation costs the customer: pure functions of an entry, a validated input and a price version.

Whole micro-dollars; margin is parts per million, applied once at the end and rounded up (catalogue.md, Units and
last section). What is priced is what is sent: inputs come from `Entry.validate`, with defaults filled in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from generations.catalog.base import Entry, Line, Rates, Values
from project import money

MILLION = 1_000_000


@dataclass(frozen=True)
class PriceBook:
    """One price version: micro-dollars per unit by variant, and the margin in parts per million.

    Raises ValueError for anything that is not a whole, positive rate.
    """

    version_id: int
    rates: Rates
    margin_ppm: int

    def __post_init__(self) -> None:
        for key, rate in self.rates.items():
            if type(rate) is not int or rate <= 0:
                raise ValueError(f"rate {key} must be a whole, positive number of micro-dollars")
        if type(self.margin_ppm) is not int or self.margin_ppm < 0:
            raise ValueError("margin must be a whole number of parts per million, not negative")


@dataclass(frozen=True)
class Priced:
    """A price: lines that add up to `total`; `hold` is what to set aside, the upper bound of the charge."""

    lines: tuple[Line, ...]
    total: int
    hold: int
    price_version: int


@dataclass(frozen=True)
class Variant(Priced):
    """The same request with some fields set differently; `changes` names only the fields that differ."""

    changes: Mapping[str, Any]
    input: Values


@dataclass(frozen=True)
class Example:
    """One line of the public price list; `total` in micro-dollars, an upper bound where the unit is a token."""

    label: str
    input: Values
    total: int


def launch_price(entry: Entry) -> PriceBook:
    """The entry's own launch rates without margin, as version 0."""
    return PriceBook(version_id=0, rates=entry.rates, margin_ppm=0)


def quote(entry: Entry, input: Values, price: PriceBook) -> Priced:
    """The price of a validated input. Raises KeyError when the price version lacks the rate of its variant."""
    listed = entry.lines(input, price.rates)
    total = with_margin(sum(line.amount for line in listed), price.margin_ppm)
    hold = with_margin(entry.hold(input, price.rates), price.margin_ppm)
    return Priced(_marked_up(listed, total, price.margin_ppm), total, hold, price.version_id)


def capture_amount(entry: Entry, input: Values, price: PriceBook, delivered: int, usage_cost: int | None = None) -> int:
    """What to charge for `delivered` outputs, in micro-dollars: 0 for none, never above the hold of the quote.

    `usage_cost`: micro-dollars that a language model's answer did cost (`Entry.own_count_cost` when untold);
    ValueError when a text was delivered without it.
    """
    spent = with_margin(entry.capture(input, price.rates, delivered, usage_cost), price.margin_ppm)
    return min(spent, quote(entry, input, price).hold)


def with_margin(amount: int, margin_ppm: int) -> int:
    """An amount with the margin on it, rounded up to the next micro-dollar."""
    return -(-amount * (MILLION + margin_ppm) // MILLION)


def _marked_up(listed: Sequence[Line], total: int, margin_ppm: int) -> tuple[Line, ...]:
    """The lines at prices with margin; fractions that do not fit a unit price stand in a last line."""
    if not margin_ppm:
        return tuple(listed)
    lines = []
    for line in listed:
        unit_price = line.unit_price * (MILLION + margin_ppm) // MILLION
        lines.append(replace(line, unit_price=unit_price, amount=line.quantity * unit_price // line.per))
    rest = total - sum(line.amount for line in lines)
    return (*lines, Line("Rounding", 1, "rounding", rest, rest)) if rest else tuple(lines)


def variants(entry: Entry, input: Values, price: PriceBook) -> list[Variant]:
    """The same request at every price it can have (length, resolution, number...), dearest first.

    Of equal prices the one with fewer changes comes first. Combinations that a rule refuses are left out.
    """
    found = []
    for changes, other in entry.alternatives(input, rates=price.rates):
        made = {name: value for name, value in changes.items() if input.get(name) != value}
        priced = quote(entry, other, price)
        found.append(Variant(priced.lines, priced.total, priced.hold, priced.price_version, made, other))
    return sorted(found, key=lambda variant: (-variant.total, len(variant.changes)))


def dearest_fitting(entry: Entry, input: Values, price: PriceBook, available: int) -> Variant | None:
    """The dearest variant of the same request whose hold fits into `available` micro-dollars; None when none does."""
    return next((variant for variant in variants(entry, input, price) if variant.hold <= available), None)


def price_examples(entry: Entry, price: PriceBook) -> list[Example]:
    """The public price list of a model: one line for each price it can have."""
    samples = entry.samples(rates=price.rates)
    return [Example(entry.label(sample), sample, quote(entry, sample, price).total) for sample in samples]


def price_table(entry: Entry, price: PriceBook) -> dict[str, Any]:
    """`{"unit", "per", "rates"}` for the API: exact money by variant for `per` units (a million tokens, else 1)."""
    return {
        "unit": entry.unit,
        "per": MILLION if entry.unit == "token" else 1,
        "rates": {key: _exact(rate, price.margin_ppm) for key, rate in price.rates.items()},
    }


def _exact(rate: int, margin_ppm: int) -> dict[str, str]:
    micro = Decimal(rate * (MILLION + margin_ppm)) / MILLION
    return {"usd": _plain(micro / money.USD), "credits": _plain(micro / money.CREDIT)}


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
