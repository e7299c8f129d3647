"""What the studio remembers of a member: the choices last used for each model, and how many at once.

Choices are fields with a closed set of values: words to pick from, numbers, switches. What somebody wrote, their
images and a seed belong to one result and are not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models.functions import Now

from accounts.actors import Actor
from generations import catalog
from generations.catalog.base import Entry, InputError, Rates
from generations.models import StudioSettings
from project import db

SEEDS = ("seed", "seeds")  # the fields that make a result repeatable, as the models call them


def remembered(*, actor: Actor, slug: str, rates: Rates | None = None) -> tuple[dict[str, Any], int]:
    """The choices of the actor's last use of a model, and how many at once; ({}, 1) when there was none.

    `rates` are those of the price in force, which list a router's language models; launch rates if None. A value that
    the model no longer takes is left out. One query, none for a key: a key has no studio."""
    if actor.membership is None or slug not in catalog.ENTRIES:
        return {}, 1
    row = StudioSettings.objects.filter(team=actor.team, membership=actor.membership, model=slug).first()
    if row is None:
        return {}, 1
    return choices(catalog.get(slug), row.input, rates=rates), row.count


def remember(*, actor: Actor, slug: str, input: Mapping[str, Any], count: int, rates: Rates | None = None) -> None:
    """Keeps the choices of `input` for this member and model; `count` beyond what the studio makes at once is cut.

    One statement, so that two tabs at once leave the later one's and no error."""
    if actor.membership is None:
        return
    row = StudioSettings(
        team=actor.team,
        membership=actor.membership,
        model=slug,
        input=choices(catalog.get(slug), input, rates=rates),
        count=min(max(count, 1), StudioSettings.MOST_AT_ONCE),
        used_at=Now(),
    )
    db.in_transaction(
        lambda: StudioSettings.objects.bulk_create(
            [row],
            update_conflicts=True,
            unique_fields=["membership", "model"],
            update_fields=["input", "count", "used_at"],
        )
    )


def choices(entry: Entry, data: Mapping[str, Any], *, rates: Rates | None = None) -> dict[str, Any]:
    """The part of an input that is worth remembering and that the model takes as it is now. Pure."""
    schema = entry.json_schema(rates=rates)
    kept = {name: data[name] for name, rule in schema["properties"].items() if name in data and _is_choice(name, rule)}
    needed = {name: entry.example[name] for name in schema["required"] if name not in kept}
    while True:
        try:
            entry.validate({**needed, **kept}, rates=rates)
        except InputError as error:
            wrong = {fault.path.partition(".")[0] for fault in error.errors} & kept.keys()
            if wrong:
                kept = {name: value for name, value in kept.items() if name not in wrong}
                continue
        return kept


def _is_choice(name: str, rule: Mapping[str, Any]) -> bool:
    return name not in SEEDS and ("enum" in rule or rule["type"] in ("integer", "number", "boolean"))
