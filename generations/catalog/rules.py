"""Rules across two fields, as data: the check and the published JSON Schema come from the same lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Rule:
    """When field `when` is one of `values` (or, without values, is given at all), field `then` is bound.

    The bound is one of: `allowed` words, `items` (least and most of a list), `maximum` of a number. The message
    names both fields.
    """

    when: str
    then: str
    message: str
    values: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    items: tuple[int, int] | None = None
    maximum: int | None = None

    def broken(self, filled: Mapping[str, Any]) -> bool:
        """Whether an input with its defaults filled in breaks this rule."""
        given = filled.get(self.when)
        applies = given in self.values if self.values else bool(given)
        return applies and not self._fits(filled[self.then])

    def schema(self, properties: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """The rule as if/then. A field that a caller leaves out counts with its default."""
        default = properties[self.when].get("default")
        when: dict[str, Any] = {
            "properties": {self.when: {"enum": list(self.values)} if self.values else {"minLength": 1}}
        }
        if default is None or default not in self.values:
            when["required"] = [self.when]
        then: dict[str, Any] = {"properties": {self.then: self._limit()}, "description": self.message}
        if not self._fits(properties[self.then].get("default")):
            then["required"] = [self.then]
        return {"if": when, "then": then}

    def _fits(self, value: Any) -> bool:
        if self.items is not None:
            return self.items[0] <= len(value) <= self.items[1]
        if self.maximum is not None:
            return bool(value <= self.maximum)
        return value in self.allowed

    def _limit(self) -> dict[str, Any]:
        if self.items is not None:
            return {"minItems": self.items[0], "maxItems": self.items[1]}
        if self.maximum is not None:
            return {"maximum": self.maximum}
        return {"enum": list(self.allowed)}
