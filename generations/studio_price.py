"""What the studio's price box says: the exact price of what is in the form, and what would be left.

Nothing is written and nothing outside is asked: it is worked out again at each change of the form. Amounts in
micro-dollars. What counts in the end is intake.accept, which looks at everything once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from accounts.actors import Actor
from billing import budget_queries, ledger
from generations import forms, offers, pricing
from generations.catalog.base import Entry, InputError
from generations.models import PriceVersion

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
    """`priced` is None while the form has faults: `complaints`, or only fields that are `needed` and still empty."""

    priced: pricing.Priced | None = None
    complaints: Sequence[str] = ()
    needed: Sequence[str] = ()
    purses: Sequence[Left] = ()
    short: Left | None = None
    fits: str = ""
    fits_price: int = 0
    metered: bool = False
    per_output: bool = False


def price_box(
    *, actor: Actor, entry: Entry, version: PriceVersion, schema: Mapping[str, Any], data: Mapping[str, Any]
) -> PriceBox:
    """Prices a form as it stands. A prompt or image that is still missing does not hide a price it does not move."""
    book = offers.book_of(version)
    try:
        clean, missing = _complete(entry, book, data)
    except InputError as error:
        needed = [schema["properties"][fault.path]["title"] for fault in error.errors if fault.code == "missing"]
        wrong = [fault for fault in error.errors if fault.code != "missing"]
        return PriceBox(complaints=forms.named(wrong, schema), needed=[] if wrong else needed)
    priced = pricing.quote(entry, clean, book)
    purses = _purses(actor, priced.hold)
    short = min((purse for purse in purses if purse.after < 0), key=lambda purse: purse.after, default=None)
    box = PriceBox(
        priced=priced,
        needed=[schema["properties"][name]["title"] for name in missing],
        purses=purses,
        short=short,
        metered=entry.unit == "token",
        per_output=entry.unit == "image" and entry.outputs(clean) > 1,
    )
    if short is None:
        return box
    fitting = pricing.dearest_fitting(entry, clean, book, available=min(purse.room for purse in purses))
    if fitting is None:
        return box
    return replace(box, fits=described(schema, fitting.changes), fits_price=fitting.hold)


def described(schema: Mapping[str, Any], changes: Mapping[str, Any]) -> str:
    """Changes of an input in the page's words: `Seconds 5, Resolution 720p`."""
    words = []
    for name, value in changes.items():
        rule = schema["properties"].get(name, {})
        words.append(f"{rule.get('title', name)} {rule.get('x-labels', {}).get(value, value)}")
    return ", ".join(words)


def _complete(entry: Entry, book: pricing.PriceBook, data: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The validated input, with the example's prompt and images where these are missing and move no price.

    Returns it with the names of the missing fields. Raises InputError for every other fault."""
    try:
        return entry.validate(dict(data), rates=book.rates), []
    except InputError as error:
        missing = [fault.path for fault in error.errors if fault.code == "missing"]
        if entry.unit == "token" or len(missing) < len(error.errors):
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
