"""A model's form in one request: what is in it, what it costs, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from accounts.actors import Actor
from accounts.models import Team
from generations import catalog, discounts, offers, studio_expansions, studio_price
from generations.catalog import Entry
from generations.models import PriceVersion
from project.errors import FieldError, NotFound


@dataclass
class Desk:
    """A model's rules, the price in force, and one form."""

    entry: Entry
    version: PriceVersion
    schema: dict[str, Any]
    discount_ppm: int = 0  # what the team pays less for it
    data: dict[str, Any] = field(default_factory=dict)
    count: int = 1
    errors: list[FieldError] = field(default_factory=list)
    problem: Mapping[str, Any] | None = None  # as problem details, for what belongs to no field
    expand: studio_expansions.Panel | None = None  # what stands below the prompt
    start: str = ""  # what a fresh form was filled with: "settings", "again", "text" or "switch"

    @property
    def differs(self) -> bool:
        """Whether something else is in the form than in an untouched one."""
        rules = self.schema["properties"]
        return self.count != 1 or any(rules[name].get("default") != value for name, value in self.data.items())

    def box(self, actor: Actor) -> studio_price.PriceBox:
        """What the form as it stands costs this actor, and what that leaves."""
        return studio_price.price_box(
            actor=actor,
            entry=self.entry,
            version=self.version,
            discount_ppm=self.discount_ppm,
            schema=self.schema,
            data=self.data,
            count=self.count,
        )


def of(slug: str, team: Team) -> Desk:
    """An empty form of a model at its price in force, as the team pays it. Raises NotFound for no such
    model, Conflict without a price."""
    if slug not in catalog.ENTRIES:
        raise NotFound("There is no such model.")
    entry, version = catalog.get(slug), offers.current_price(slug)
    discount = discounts.of(discounts.in_force(team), slug)
    return Desk(entry=entry, version=version, schema=entry.json_schema(rates=version.rates), discount_ppm=discount)
