"""What an endpoint is: its verb, the parameters it knows, which of them it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from billing.standin.params import EXPAND, Checker
from billing.standin.shapes import Object

Verb = Callable[..., Object]  # (world, given, **ids of the path) -> the object

KINDS = {
    "customers": "customer",
    "payment_methods": "payment_method",
    "sessions": "checkout.session",
    "line_items": "item",
    "payment_intents": "payment_intent",
    "charges": "charge",
    "refunds": "refund",
    "disputes": "dispute",
}


@dataclass(frozen=True, eq=False)
class Endpoint:
    """One method of one path."""

    method: str
    path: str
    verb: Verb
    spec: Mapping[str, Checker] = field(default_factory=dict)
    required: tuple[str, ...] = ()

    @property
    def lists(self) -> bool:
        """Whether it answers with a list."""
        return "limit" in self.spec

    @property
    def shows(self) -> str:
        """The kind of its object, or of those in its list; "" for what has nothing to expand."""
        names = [part for part in self.path.split("/")[2:] if part in KINDS]
        return KINDS[names[-1]] if names else ""

    @property
    def known(self) -> dict[str, Checker]:
        """The parameters it takes; `expand` everywhere."""
        return {**EXPAND, **self.spec}


def picked(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Those of the parameters that were given and have these names."""
    return {name: given[name] for name in names if name in given}
