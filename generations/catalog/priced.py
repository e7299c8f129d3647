"""The three fixed ways to price: by the clip, by the second, by the image. Whole micro-dollars only."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from generations.catalog.base import HALF_HOUR, TWO_HOURS, Entry, Line, Rates, Values


class FixedPrice(Entry):
    """A rate per unit, times the units asked for. `costs` is what the provider charges us, by the same keys."""

    costs: ClassVar[Rates]

    @abstractmethod
    def quantity(self, input: Values) -> int:
        """How many units the input asks for."""

    def lines(self, input: Values, rates: Rates) -> list[Line]:
        quantity, rate = self.quantity(input), rates[self.variant(input)]
        return [Line(self.label(input), quantity, self.unit, rate, quantity * rate)]

    def unit_cost(self, key: str, rates: Rates) -> int:
        return self.costs.get(key, rates[key])  # a variant that is no longer made was bought at what it was sold for


class Video(FixedPrice):
    """One clip; all of it is charged when it arrives, nothing when it does not."""

    kind = "video"
    deadline_seconds = TWO_HOURS
    typical_seconds = 150

    def outputs(self, input: Values) -> int:
        return 1

    def capture(self, input: Values, rates: Rates, delivered: int, usage_cost: int | None) -> int:
        return self.hold(input, rates) if delivered else 0

    def expected_cost(self, input: Values, delivered: int, *, rates: Rates | None = None) -> int:
        return self.quantity(input) * self.costs[self.variant(input)] if delivered else 0

    def label(self, input: Values) -> str:
        parts = [f"{input['duration']} s"] if "duration" in input else []
        return ", ".join([*parts, *([input["resolution"]] if "resolution" in input else [])]) or "Video"


class ClipVideo(Video):
    """A price per clip, looked up by the fields that move it: `{"6-768P": ...}`."""

    unit = "video"

    def quantity(self, input: Values) -> int:
        return 1

    def variant(self, input: Values) -> str:
        return "-".join(input[name] for name in self.price_fields) or "video"


class SecondVideo(Video):
    """A price per second, by resolution."""

    unit = "second"

    def quantity(self, input: Values) -> int:
        return int(input["duration"])

    def variant(self, input: Values) -> str:
        return str(input["resolution"])


class Image(FixedPrice):
    """A price per image; every image that arrives is charged (up to the hold: `pricing.capture_amount`)."""

    kind = "image"
    unit = "image"
    deadline_seconds = HALF_HOUR
    typical_seconds = 25
    count_field: ClassVar[str | None] = None  # the field with the number of images; None makes one

    def quantity(self, input: Values) -> int:
        return int(input[self.count_field]) if self.count_field else 1

    def outputs(self, input: Values) -> int:
        return self.quantity(input)

    def variant(self, input: Values) -> str:
        return "image"

    def capture(self, input: Values, rates: Rates, delivered: int, usage_cost: int | None) -> int:
        return delivered * rates[self.variant(input)]

    def expected_cost(self, input: Values, delivered: int, *, rates: Rates | None = None) -> int:
        return delivered * self.costs[self.variant(input)]

    def label(self, input: Values) -> str:
        count = self.quantity(input)
        return "1 image" if count == 1 else f"{count} images"


class Market(Entry):
    """KIE's createTask: the model and an `input` object with the fields as they stand (kie.md 1.1)."""

    provider = "kie"
    family = "market"

    def body(self, input: Values) -> dict[str, Any]:
        return {"model": self.provider_model, "input": dict(input)}


def pick(input: Values, names: Sequence[str]) -> dict[str, Any]:
    """The named fields that have a value."""
    return {name: input[name] for name in names if name in input}
