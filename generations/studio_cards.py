"""The models as the studio offers them: kind, price from, what each takes, when this member last used it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.timesince import timesince

from accounts.actors import Actor
from generations import page_queries
from generations.catalog.base import Entry
from generations.models import StudioSettings
from generations.page_queries import Card
from project import db

KINDS: Mapping[str, str] = {"video": "Video", "image": "Images", "text": "Text"}


@dataclass(frozen=True)
class Choice:
    """A model to choose: its card, what it takes in words, and how long ago this member used it (empty: never)."""

    card: Card
    takes: Sequence[str]
    used: str = ""


def choices(*, actor: Actor, kind: str = "") -> list[Choice]:
    """The models of a kind (all without one) by kind, what this member used last first, at what the team pays."""
    used = {
        row.model: row.used_at for row in StudioSettings.objects.filter(team=actor.team, membership=actor.membership)
    }
    cards = [card for card in page_queries.cards(actor.team) if not kind or card.entry.kind == kind]
    kinds = list(KINDS)
    cards.sort(key=lambda card: (kinds.index(card.entry.kind), -_seconds(used.get(card.entry.slug))))
    moment = db.now()
    return [
        Choice(
            card,
            takes(card.entry),
            timesince(used[card.entry.slug], moment, depth=1) if card.entry.slug in used else "",
        )
        for card in cards
    ]


def takes(entry: Entry) -> list[str]:
    """What somebody brings: `["text", "1 image", "up to 2 images"]`."""
    schema = entry.json_schema()
    words = ["text"] if "prompt" in schema["properties"] else []
    single = [name for name, rule in schema["properties"].items() if rule.get("x-image")]
    if single:
        least = sum(name in schema["required"] for name in single)
        words.append(_images(least, len(single)))
    for rule in schema["properties"].values():
        if rule.get("items", {}).get("x-image"):
            words.append(_images(rule.get("minItems", 0), rule["maxItems"]))
    return words


def counts(found: Sequence[Choice]) -> dict[str, Any]:
    """How many models there are of each kind."""
    return {kind: sum(each.card.entry.kind == kind for each in found) for kind in KINDS}


def _images(least: int, most: int) -> str:
    if least == most:
        return f"{most} image{'' if most == 1 else 's'}"
    if least:
        return f"{least} or {most} images" if most == least + 1 else f"{least} to {most} images"
    return "an image if you like" if most == 1 else f"up to {most} images"


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
