"""What a price would sell below its expected cost: to everybody, or to teams with a discount.

Discounts are those that hold in a span of time: in force when it begins, or from a moment within it on. Micro-dollars;
discounts in parts per million.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q

from accounts.models import Team
from generations import pricing
from generations.catalog import Entry
from generations.discounts import ALL
from generations.models import TeamDiscount
from generations.pricing import PriceBook, UnitPrice, percent
from project.money import dollars


@dataclass(frozen=True)
class Held:
    """The largest discount that a team has on a model in a span."""

    team: Team
    ppm: int


@dataclass(frozen=True)
class Discounted:
    """A unit that is sold below cost because of a discount: at the largest one, its team, and how many more teams have
    one that does so too."""

    unit: UnitPrice
    held: Held
    more: int

    @property
    def who(self) -> str:
        """`Studio (10 % off) and 2 more teams`."""
        more = f" and {self.more} more team{'' if self.more == 1 else 's'}" if self.more else ""
        return f"{self.held.team.name} ({percent(self.held.ppm)} off){more}"

    @property
    def words(self) -> str:
        """`6-768P at $0.198 for Studio (10 % off) and 2 more teams costs $0.21`."""
        return f"{self.unit.key} at {dollars(self.unit.price)} for {self.who} costs {dollars(self.unit.cost)}"


def units(entry: Entry, price: PriceBook) -> list[UnitPrice]:
    """The units that a price sells below their expected cost."""
    return [unit for unit in pricing.unit_prices(entry, price) if unit.below_cost]


def discounted(entry: Entry, price: PriceBook, held: Sequence[Held]) -> list[Discounted]:
    """The units that a price sells below cost to teams with a discount and to nobody else. `held`: the largest
    first."""
    if not held:
        return []
    whole = {unit.key for unit in units(entry, price)}
    below = {ppm: {unit.key: unit for unit in units(entry, replace(price, discount_ppm=ppm))} for ppm in _sizes(held)}
    return [
        Discounted(unit, held[0], sum(key in below[each.ppm] for each in held) - 1)
        for key, unit in below[held[0].ppm].items()
        if key not in whole
    ]


def held_on(slugs: Collection[str], *, start: datetime, until: datetime | None = None) -> Mapping[str, list[Held]]:
    """Each team's largest discount on each of the models from `start` on and before `until` (None for good, `start`
    for that moment alone), the largest first. One query for the moment, two for a span."""
    rows = TeamDiscount.objects.filter(model__in=[*slugs, ALL]).select_related("team")
    found = list(
        rows.filter(effective_from__lte=start)
        .order_by("team", "model", "-effective_from", "-number")
        .distinct("team", "model")
    )
    if until != start:
        within = Q(effective_from__gt=start) & (Q(effective_from__lt=until) if until else Q())
        found += rows.filter(within)
    of_team: dict[int, list[TeamDiscount]] = defaultdict(list)
    for row in found:
        of_team[row.team_id].append(row)
    held: dict[str, list[Held]] = {slug: [] for slug in slugs}
    for own in of_team.values():
        moments = {start, *(row.effective_from for row in own if row.effective_from > start)}
        for slug in slugs:
            most = max((decides(own, slug, moment) for moment in moments), key=_ppm)
            if most is not None:
                held[slug].append(Held(most.team, most.ppm))
    for each in held.values():
        each.sort(key=lambda one: (-one.ppm, one.team.pk))
    return held


def decides(rows: Iterable[TeamDiscount], slug: str, moment: datetime) -> TeamDiscount | None:
    """Of one team's discounts the one that holds for a model at a moment (as generations.discounts.of has it); None for
    none. Pure."""
    begun = [row for row in rows if row.effective_from <= moment]
    for model in (slug, ALL):
        newest = max(
            (row for row in begun if row.model == model), key=lambda r: (r.effective_from, r.number), default=None
        )
        if newest is not None and newest.ppm:
            return newest
    return None


def _ppm(row: TeamDiscount | None) -> int:
    return row.ppm if row else 0


def _sizes(held: Iterable[Held]) -> set[int]:
    return {each.ppm for each in held}
