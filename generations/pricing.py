"""What a generation costs the customer: pure functions of an entry, a validated input and a price version.

Whole micro-dollars; margin and the team's discount are parts per million, applied once at the end and rounded up
(catalogue.md, Units and last section). What is priced is what is sent: inputs come from
`Entry.validate`, with defaults filled in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from generations.catalog.base import Entry, Line, Rates, Values
from project import money

MILLION = 1_000_000
MOST_DISCOUNT = 900_000  # parts per million
DISCOUNT = "discount"  # the unit of the line that takes it off


@dataclass(frozen=True)
class PriceBook:
    """One price version as one team pays it. Rates are micro-dollars per unit, margins and the discount parts per
    million; a variant of `margins` has its own margin, one of `fixed` a price per unit without any.

    Raises ValueError for anything that is not a whole, positive rate, and for a discount above 90 %.
    """

    version_id: int
    rates: Rates
    margin_ppm: int
    margins: Mapping[str, int] = field(default_factory=dict)
    fixed: Rates = field(default_factory=dict)
    discount_ppm: int = 0

    def __post_init__(self) -> None:
        for key, rate in [*self.rates.items(), *self.fixed.items()]:
            if type(rate) is not int or rate <= 0:
                raise ValueError(f"rate {key} must be a whole, positive number of micro-dollars")
        for margin in [self.margin_ppm, *self.margins.values()]:
            if type(margin) is not int or margin < 0:
                raise ValueError("margin must be a whole number of parts per million, not negative")
        if type(self.discount_ppm) is not int or not 0 <= self.discount_ppm <= MOST_DISCOUNT:
            raise ValueError("a discount is a whole number of parts per million, at most 900,000")

    @property
    def listed(self) -> Rates:
        """What a unit is priced from, before margin and discount: the fixed price where there is one."""
        return {**self.rates, **self.fixed}

    def margin_of(self, variant: str) -> int:
        """The margin on a variant, in parts per million: none on a fixed price."""
        return 0 if variant in self.fixed else self.margins.get(variant, self.margin_ppm)


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


@dataclass(frozen=True)
class UnitPrice:
    """One rate and its price for `per` units, in micro-dollars: `price` is rounded up, `cost` is what the provider
    should charge us. `fixed` is the price per unit without margin, where there is one."""

    key: str
    variant: str
    rate: int
    fixed: int | None
    margin_ppm: int
    price: int
    cost: int
    per: int

    @property
    def margin(self) -> int:
        """What stays of a unit; negative when it is sold below cost."""
        return self.price - self.cost

    @property
    def below_cost(self) -> bool:
        return self.price < self.cost

    @property
    def share_ppm(self) -> int:
        """The share of the price that stays, in parts per million, rounded down."""
        return self.margin * MILLION // self.price


def launch_price(entry: Entry) -> PriceBook:
    """The entry's own launch rates without margin, as version 0."""
    return PriceBook(version_id=0, rates=entry.rates, margin_ppm=0)


def quote(entry: Entry, input: Values, price: PriceBook) -> Priced:
    """The price of a validated input. Raises KeyError when the price version lacks the rate of its variant."""
    listed = entry.lines(input, price.listed)
    variant = entry.variant(input)
    total = marked_up(sum(line.amount for line in listed), price, variant)
    hold = marked_up(entry.hold(input, price.listed), price, variant)
    return Priced(_lines(listed, total, price, variant), total, hold, price.version_id)


def capture_amount(entry: Entry, input: Values, price: PriceBook, delivered: int, usage_cost: int | None = None) -> int:
    """What to charge for `delivered` outputs, in micro-dollars: 0 for none, never above the hold of the quote.

    `usage_cost`: micro-dollars that a language model's answer did cost (`Entry.own_count_cost` when untold);
    ValueError when a text was delivered without it.
    """
    return marked_up(list_amount(entry, input, price, delivered, usage_cost), price, entry.variant(input))


def list_amount(entry: Entry, input: Values, price: PriceBook, delivered: int, usage_cost: int | None = None) -> int:
    """What `capture_amount` is made from: before margin and discount (at a fixed price, units times that), never above
    what the hold is made from."""
    return min(entry.capture(input, price.listed, delivered, usage_cost), entry.hold(input, price.listed))


def marked_up(amount: int, price: PriceBook, variant: str) -> int:
    """An amount before margin and discount with both: rounded up once, to the next micro-dollar."""
    factor = (MILLION + price.margin_of(variant)) * (MILLION - price.discount_ppm)
    return -(-amount * factor // MILLION**2)


def with_margin(amount: int, margin_ppm: int) -> int:
    """An amount with the margin on it, rounded up to the next micro-dollar."""
    return -(-amount * (MILLION + margin_ppm) // MILLION)


def percent(ppm: int) -> str:
    """Parts per million as a percentage in words: 125,000 -> "12.5 %"."""
    return f"{_plain(Decimal(ppm).scaleb(-4))} %"


def _lines(listed: Sequence[Line], total: int, price: PriceBook, variant: str) -> tuple[Line, ...]:
    """The lines at prices with margin, then the team's discount; they add up to the total."""
    margin_ppm = price.margin_of(variant)
    before = with_margin(sum(line.amount for line in listed), margin_ppm) if price.discount_ppm else total
    lines = _marked_up(listed, before, margin_ppm)
    if not price.discount_ppm:
        return lines
    off = total - before
    return (*lines, Line(f"Team discount {percent(price.discount_ppm)}", 1, DISCOUNT, off, off))


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


def unit_prices(entry: Entry, price: PriceBook) -> list[UnitPrice]:
    """Every rate of a price version with what it comes to and what it should cost us, in the order of the rates."""
    found = []
    for key, rate in price.rates.items():
        variant = entry.variant_of_rate(key)
        fixed = price.fixed.get(variant)
        found.append(
            UnitPrice(
                key=key,
                variant=variant,
                rate=rate,
                fixed=fixed,
                margin_ppm=price.margin_of(variant),
                price=marked_up(rate if fixed is None else fixed, price, variant),
                cost=entry.unit_cost(key, price.rates),
                per=MILLION if entry.unit == "token" else 1,
            )
        )
    return found


def price_table(entry: Entry, price: PriceBook) -> dict[str, Any]:
    """`{"unit", "per", "rates"}` for the API: exact money by variant for `per` units (a million tokens, else 1)."""
    return {
        "unit": entry.unit,
        "per": MILLION if entry.unit == "token" else 1,
        "rates": {
            key: _exact(price.listed[key], price.margin_of(entry.variant_of_rate(key)), price.discount_ppm)
            for key in price.rates
        },
    }


def _exact(rate: int, margin_ppm: int, discount_ppm: int) -> dict[str, str]:
    micro = Decimal(rate * (MILLION + margin_ppm) * (MILLION - discount_ppm)) / MILLION**2
    return {"usd": _plain(micro / money.USD), "credits": _plain(micro / money.CREDIT)}


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
