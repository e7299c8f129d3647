"""One model on offer: what it takes, what it costs, what is sent for it (catalogue.md). Pure: no Django, no I/O.

Amounts are whole micro-dollars. `rates` is the price list of one price version, micro-dollars per unit by variant;
an entry's own `rates` are the launch prices. Margin is none of an entry's business: `generations.pricing` adds it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, ClassVar, Literal

from pydantic import ValidationError

from generations.catalog import fields, schema
from generations.catalog.errors import InputError, explain, what
from generations.catalog.rules import Rule
from project.errors import FieldError

__all__ = ["Entry", "InputError", "Line", "Rates", "Values"]

Values = Mapping[str, Any]  # a validated input
Rates = Mapping[str, int]  # micro-dollars per unit by variant

HALF_HOUR = 1_800
TWO_HOURS = 7_200


@dataclass(frozen=True)
class Line:
    """One line of a quote or receipt: `quantity` units at `unit_price` micro-dollars per `per` units.

    `per` is 1 except for language-model tokens, which are priced by the million. `amount` in micro-dollars.
    """

    label: str
    quantity: int
    unit: str
    unit_price: int
    amount: int
    per: int = 1


class Entry(ABC):
    """A model on offer. A subclass fills the attributes; `priced.py` has the ways to price."""

    slug: ClassVar[str]
    name: ClassVar[str]
    summary: ClassVar[str]
    position: ClassVar[int]  # order in the list, ascending
    kind: ClassVar[Literal["video", "image", "text"]]
    provider: ClassVar[Literal["kie", "fal"]]
    family: ClassVar[Literal["market", "veo", "flux", "fal", "router"]]
    provider_model: ClassVar[str]
    Input: ClassVar[type[fields.Input]]
    rules: ClassVar[Sequence[Rule]] = ()
    unit: ClassVar[Literal["video", "second", "image", "token"]]
    rates: ClassVar[Rates]
    price_fields: ClassVar[Sequence[str]] = ()  # the fields that move the price
    example: ClassVar[Values]
    deadline_seconds: ClassVar[int]
    typical_seconds: ClassVar[int]

    # --- what it takes ------------------------------------------------------------------------------------------
    def validate(self, data: object, *, rates: Rates | None = None) -> dict[str, Any]:
        """The input with defaults filled in, as plain JSON. Raises InputError with every fault.

        `rates`: the price data in force, which lists the language models of a router entry; launch prices if None.
        """
        if not isinstance(data, dict):
            raise InputError([FieldError("", "the input must be an object of named fields", "wrong_type")])
        properties = schema.properties_of(self.Input)
        faults: list[FieldError] = []
        try:
            filled = self.Input.model_validate(data).plain()
        except ValidationError as error:
            faults = explain(error, properties)
            bad = {fault.path.split(".")[0] for fault in faults}
            whole = {name: field["default"] for name, field in properties.items() if "default" in field} | data
            filled = {name: whole[name] for name in properties if name in whole and name not in bad}
        filled = self._complete(filled)
        for name, options in self.options(self.rates if rates is None else rates).items():
            if name in filled and filled[name] not in options:
                faults.append(FieldError(name, f"{name} must be {what({'enum': options})}", "not_allowed"))
        for rule in self.rules:
            if rule.then in filled and rule.broken(filled):
                faults.append(FieldError(rule.then, rule.message, "conflict"))
        if faults:
            raise InputError(faults)
        return {name: filled[name] for name in properties if name in filled}

    def json_schema(self, *, rates: Rates | None = None) -> dict[str, Any]:
        """JSON Schema 2020-12 of the input: every limit, option, default, help text and cross-field rule."""
        return schema.build(
            self.Input,
            title=self.name,
            description=self.summary,
            rules=self.rules,
            options=self.options(self.rates if rates is None else rates),
            example=self.example,
        )

    def options(self, rates: Rates) -> dict[str, list[str]]:
        """Choices that are price data and not code, by field: none but a router's language models."""
        return {}

    def _complete(self, filled: dict[str, Any]) -> dict[str, Any]:
        """Fills in defaults that depend on other fields."""
        return filled

    # --- images -------------------------------------------------------------------------------------------------
    def image_paths(self, input: Values) -> list[tuple[str, str]]:
        """Every image of an input with its path: `("image_urls.0", "https://...")`."""
        found: list[tuple[str, str]] = []
        for name in schema.image_fields(self.Input):
            value = input.get(name)
            if isinstance(value, list):
                found += [(f"{name}.{place}", item) for place, item in enumerate(value)]
            elif value:
                found.append((name, value))
        return found

    def with_images(self, data: Values, mapping: Callable[[str], str]) -> dict[str, Any]:
        """A copy of an input with every image address put through `mapping`."""
        changed = dict(data)
        for name in schema.image_fields(self.Input):
            value = data.get(name)
            if isinstance(value, list):
                changed[name] = [mapping(item) for item in value]
            elif value:
                changed[name] = mapping(value)
        return changed

    # --- what it costs ------------------------------------------------------------------------------------------
    @abstractmethod
    def variant(self, input: Values) -> str:
        """The key of the rate that prices this input."""

    @abstractmethod
    def outputs(self, input: Values) -> int:
        """The most outputs that this input can bring; 1 for text."""

    @abstractmethod
    def label(self, input: Values) -> str:
        """What is bought, for a price list and a receipt: "10 s, 768P"."""

    @abstractmethod
    def lines(self, input: Values, rates: Rates) -> list[Line]:
        """The price before margin, as lines that add up to it. Raises KeyError for a rate that is not listed."""

    def hold(self, input: Values, rates: Rates) -> int:
        """The most that this input can cost before margin, in micro-dollars."""
        return sum(line.amount for line in self.lines(input, rates))

    @abstractmethod
    def capture(self, input: Values, rates: Rates, delivered: int, usage_cost: int | None) -> int:
        """What `delivered` outputs come to before margin, in micro-dollars; `pricing.capture_amount` caps it.

        `usage_cost`: a router's own charge in micro-dollars; the others do not read it.
        """

    @abstractmethod
    def expected_cost(self, input: Values, delivered: int, *, rates: Rates | None = None) -> int:
        """What the provider should charge us for `delivered` outputs, in micro-dollars (catalogue.md, Units)."""

    def variant_of_rate(self, key: str) -> str:
        """The variant that a rate belongs to: itself, but for a language model, which has two rates."""
        return key

    def variants(self, rates: Rates) -> list[str]:
        """Every variant that has a rate, once, in the order of the rates."""
        return list(dict.fromkeys(self.variant_of_rate(key) for key in rates))

    @abstractmethod
    def unit_cost(self, key: str, rates: Rates) -> int:
        """What the provider should charge us for one unit at a rate (a million tokens), in micro-dollars."""

    def own_count_cost(self, input: Values, output_text: str, rates: Rates) -> int:
        """The stand-in for a usage cost that was not told, in micro-dollars. TypeError where usage has no price."""
        raise TypeError(f"{self.slug} is not priced by usage")

    def price_options(self) -> list[dict[str, Any]]:
        """Every combination of the fields that move the price; `[{}]` when none does."""
        properties = schema.properties_of(self.Input)
        return [
            dict(zip(self.price_fields, picked, strict=True))
            for picked in product(*(_steps(properties[name]) for name in self.price_fields))
        ]

    def alternatives(self, input: Values, *, rates: Rates | None = None) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """The same request at every price it can have: the fields set, and the whole input. Rules are obeyed."""
        found = []
        for changes in self.price_options():
            try:
                found.append((changes, self.validate({**input, **changes}, rates=rates)))
            except InputError:  # this combination is not offered
                continue
        return found

    def samples(self, *, rates: Rates | None = None) -> list[dict[str, Any]]:
        """One valid input for each line of the public price list, made from `example`."""
        return [sample for _, sample in self.alternatives(self.example, rates=rates)]

    # --- what is sent -------------------------------------------------------------------------------------------
    @abstractmethod
    def body(self, input: Values) -> dict[str, Any]:
        """The provider's documented request body, without the callback address."""


def _steps(field: Mapping[str, Any]) -> Sequence[Any]:
    if "enum" in field:
        return list(field["enum"])
    return range(field["minimum"], field["maximum"] + 1)
