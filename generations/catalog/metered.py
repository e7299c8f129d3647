"""The way to price a text: by what the language model really used, below a bound worked out before sending.

catalogue.md, Prompt expansion; fal.md 7.2. Whole micro-dollars; rates per million tokens.
"""

from __future__ import annotations

from typing import Any

from generations.catalog import tokens
from generations.catalog.base import HALF_HOUR, Entry, Line, Rates, Values

ANSWER_SIZES = (256, 512, 1024, 2048, 4096)  # what a price list and a cheaper offer step through


class Metered(Entry):
    """A text by a language model. The hold is the most it can cost; the charge is what it did cost."""

    kind = "text"
    provider = "fal"
    family = "router"
    unit = "token"
    price_fields = ("max_tokens",)
    deadline_seconds = HALF_HOUR
    typical_seconds = 6

    def options(self, rates: Rates) -> dict[str, list[str]]:
        return {"model": tokens.models(rates)}

    def variant(self, input: Values) -> str:
        """The language model: its rates are the two keys that start with it."""
        return str(input["model"])

    def variant_of_rate(self, key: str) -> str:
        return key.rpartition(":")[0]

    def unit_cost(self, key: str, rates: Rates) -> int:
        """The rate itself: it is the provider's own (catalogue.md, Prompt expansion)."""
        return rates[key]

    def outputs(self, input: Values) -> int:
        return 1

    def label(self, input: Values) -> str:
        return f"{input['model']}, at most {input['max_tokens']} tokens of answer"

    def lines(self, input: Values, rates: Rates) -> list[Line]:
        prompt_tokens = tokens.most_prompt_tokens(_texts(input), len(input.get("image_urls", ())))
        return tokens.lines(input["model"], prompt_tokens, input["max_tokens"], rates)

    def capture(self, input: Values, rates: Rates, delivered: int, usage_cost: int | None) -> int:
        """The provider's own charge. Raises ValueError when a text came without one."""
        if not delivered:
            return 0
        if usage_cost is None:
            raise ValueError("a text is charged by its usage; count it with own_count_cost when none was told")
        return usage_cost

    def own_count_cost(self, input: Values, output_text: str, rates: Rates) -> int:
        """Micro-dollars by our own count of tokens, for an answer without usage; never above the hold."""
        prompt_tokens = tokens.usual_prompt_tokens(_texts(input), len(input.get("image_urls", ())))
        answer = min(tokens.text_tokens(output_text), input["max_tokens"])
        return tokens.cost(input["model"], prompt_tokens, answer, rates)

    def expected_cost(self, input: Values, delivered: int, *, rates: Rates | None = None) -> int:
        """The upper bound: nobody knows a text's cost before it is written."""
        return self.hold(input, self.rates if rates is None else rates) if delivered else 0

    def price_options(self) -> list[dict[str, Any]]:
        return [{"max_tokens": size} for size in ANSWER_SIZES]

    def body(self, input: Values) -> dict[str, Any]:
        return dict(input)


def _texts(input: Values) -> list[str]:
    return [input["prompt"], input.get("system_prompt", "")]
