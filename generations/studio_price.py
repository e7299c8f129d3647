"""What the studio's price box says: the exact price of what is in the form, and what would be left.

Nothing is written and nothing outside is asked: it is worked out again at each change of the form. Amounts in
micro-dollars. What counts in the end is intake.accept, which looks at everything once more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from accounts.actors import Actor
from billing import budget_queries, ledger
from generations import forms, offers, pricing, studio_rules
from generations.catalog.base import Entry, InputError
from generations.models import PriceVersion
from project.errors import FieldError

CHOSEN = "upl_" + "0" * 32  # stands for a file that is chosen and not sent yet


@dataclass(frozen=True)
class Left:
    """One purse that a generation is paid from: what it has, and what it would have after the hold. A budget has its
    period."""

    name: str
    room: int
    after: int
    period: str = ""


@dataclass(frozen=True)
class PriceBox:
    """`priced` is the price of one; `total` that of all `count`. None while the form has faults: `errors` with their
    sentences in `complaints`, or only fields that are `needed` and still empty. `changes` make it fit when it does not:
    fields of the form by name, `fits` in words, at `fits_price` in all."""

    priced: pricing.Priced | None = None
    count: int = 1
    total: int = 0
    errors: Sequence[FieldError] = ()
    complaints: Sequence[str] = ()
    needed: Sequence[str] = ()
    purses: Sequence[Left] = ()
    short: Left | None = None
    fits: str = ""
    fits_price: int = 0
    changes: Mapping[str, Any] = field(default_factory=dict)
    metered: bool = False
    per_output: bool = False

    @property
    def changes_json(self) -> str:
        """The changes for the page's script."""
        return json.dumps(self.changes)


def price_box(
    *,
    actor: Actor,
    entry: Entry,
    version: PriceVersion,
    discount_ppm: int,
    schema: Mapping[str, Any],
    data: Mapping[str, Any],
    count: int = 1,
) -> PriceBox:
    """Prices a form as it stands, for `count` runs at once. A prompt or image that is still missing does not hide a
    price that it does not move."""
    book = offers.book_of(version, discount_ppm)
    try:
        clean, missing = _complete(entry, book, data)
    except InputError as error:
        empty = {fault.path for fault in error.errors if fault.code == "missing"}
        empty |= set(studio_rules.lacking(error.errors, entry, data))
        needed = [rule["title"] for name, rule in schema["properties"].items() if name in empty]
        wrong = studio_rules.told([fault for fault in error.errors if fault.path not in empty], entry, schema)
        return PriceBox(
            count=count, errors=wrong, complaints=forms.named(wrong, schema), needed=[] if wrong else needed
        )
    priced = pricing.quote(entry, clean, book)
    purses = _purses(actor, priced.hold * count)
    short = min((purse for purse in purses if purse.after < 0), key=lambda purse: purse.after, default=None)
    box = PriceBox(
        priced=priced,
        count=count,
        total=priced.hold * count,
        needed=[rule["title"] for name, rule in schema["properties"].items() if name in missing],
        purses=purses,
        short=short,
        metered=entry.unit == "token",
        per_output=entry.unit == "image" and entry.outputs(clean) > 1,
    )
    return box if short is None else _fitting(box, entry, book, schema, clean)


def described(schema: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    """Changes of an input in the page's words: `Seconds 5, Resolution 720p`."""
    words = []
    for name, value in changes.items():
        rule = schema["properties"].get(name, {})
        words.append(f"{rule.get('title', name)} {rule.get('x-labels', {}).get(value, value)}")
    return ", ".join(words)


def _fitting(
    box: PriceBox, entry: Entry, book: pricing.PriceBook, schema: Mapping[str, Any], clean: dict[str, Any]
) -> PriceBox:
    """The box with the dearest variant that as many runs of fit; else with as many of the same as fit."""
    assert box.priced is not None
    room = min(purse.room for purse in box.purses)
    variant = pricing.dearest_fitting(entry, clean, book, available=room // box.count)
    if variant is not None:
        label = entry.label(variant.input)
        words = described(schema, variant.changes) if label == entry.label(clean) or box.metered else label
        return replace(box, fits=words, fits_price=variant.hold * box.count, changes=dict(variant.changes))
    fewer = room // box.priced.hold if box.priced.hold else 0
    if fewer < 1:
        return box
    words = "one instead" if fewer == 1 else f"{fewer} at once"
    return replace(box, fits=words, fits_price=box.priced.hold * fewer, changes={"count": fewer})


def _complete(entry: Entry, book: pricing.PriceBook, data: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """The validated input, with the example's prompt and images where these are missing and move no price.

    Returns it with the names of the missing fields. Raises InputError for every other fault."""
    try:
        return entry.validate(dict(data), rates=book.rates), set()
    except InputError as error:
        missing = {fault.path for fault in error.errors if fault.code == "missing"}
        missing |= set(studio_rules.lacking(error.errors, entry, data))
        if entry.unit == "token" or any(fault.path not in missing for fault in error.errors):
            raise
    stand_in = {name: entry.example[name] for name in missing}
    return entry.validate({**data, **stand_in}, rates=book.rates), missing


def _purses(actor: Actor, hold: int) -> list[Left]:
    room = ledger.wallet(actor.team.pk).available.balance
    purses = [Left("wallet", room, room - hold)]
    for state in budget_queries.states_of(membership=actor.membership, api_key=actor.api_key):
        period = state.budget.period
        name = "your budget today" if period == "day" else "your budget this month"
        purses.append(Left(name, state.left, state.cap - state.spent - hold, period))
    return purses
