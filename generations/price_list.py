"""The public price list: every model on offer with each price it can have, by kind. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generations import page_queries
from generations.catalog import Entry
from generations.page_queries import Card
from generations.pricing import Example

KINDS: Mapping[str, str] = {"video": "Video", "image": "Images", "text": "Text"}
ROUND = 100  # micro-dollars


@dataclass(frozen=True)
class Variant:
    """One line: what it is, its price, and the price of one second of film where the length is known (else None), to
    be compared: rounded up to $0.0001. Micro-dollars."""

    label: str
    total: int
    each_second: int | None


@dataclass(frozen=True)
class Model:
    """A model with its lines, the cheapest first as the catalogue has them."""

    card: Card
    variants: Sequence[Variant]


@dataclass(frozen=True)
class Group:
    """The models of one kind, the cheapest first. `cheapest` in micro-dollars; None when none has a price."""

    kind: str
    name: str
    models: Sequence[Model]
    cheapest: int | None


def groups(*, kind: str = "") -> list[Group]:
    """The price list in force, of one kind or (empty or no kind at all) of all. A model without a price is not on it.
    Two queries."""
    found = [card for card in page_queries.cards() if card.cheapest is not None]
    wanted = [kind] if kind in KINDS else list(KINDS)
    return [_group(name, [card for card in found if card.entry.kind == name]) for name in wanted]


def sample(listed: Sequence[Group]) -> Model | None:
    """The video that the first page shows as an example: the first one on offer that text alone makes."""
    for group in listed:
        for model in group.models:
            if group.kind == "video" and model.card.available and not _needs_images(model.card.entry):
                return model
    return None


def _needs_images(entry: Entry) -> bool:
    rules = entry.json_schema()
    return any(rules["properties"][name].get("x-image") for name in rules["required"])


def _group(kind: str, cards: Sequence[Card]) -> Group:
    ranked = sorted(cards, key=lambda card: (not card.available, card.cheapest or 0, card.entry.position))
    models = [Model(card, [_variant(card.entry, example) for example in card.examples]) for card in ranked]
    return Group(kind, KINDS[kind], models, min((card.cheapest or 0 for card in cards), default=None))


def _variant(entry: Entry, example: Example) -> Variant:
    seconds = _seconds(entry, example)
    return Variant(example.label, example.total, -(-example.total // (seconds * ROUND)) * ROUND if seconds else None)


def _seconds(entry: Entry, example: Example) -> int:
    """How long the film is: by its field, or by what is paid for; 0 when the model decides."""
    if entry.kind != "video":
        return 0
    asked = str(example.input.get("duration", ""))
    if asked.isdecimal():
        return int(asked)
    return sum(line.quantity for line in entry.lines(example.input, entry.rates) if line.unit == "second")
