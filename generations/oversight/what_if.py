"""What another price would have brought: what succeeded in a period, priced anew. Nothing is written.

Each generation keeps its own discount and is rounded by itself, by the very functions that priced it
(generations.pricing). What they need is kept on each (`list_amount`, `variant`, `price_version`, `discount_ppm`), so
equal ones are priced once and the database adds them up. Micro-dollars; shares in parts per million.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection

from accounts.models import Team
from generations import catalog, offers, pricing
from generations.catalog import Entry
from generations.models import PriceVersion
from generations.pricing import MILLION, PriceBook

MOST_TEAMS = 20


@dataclass(frozen=True)
class Effect:
    """Some generations: what they were charged, what they would have been at the price in force today (`today`) and
    at the price in question (`then`), and what they cost us (as billed, as expected where no bill came)."""

    count: int = 0
    charged: int = 0
    today: int = 0
    then: int = 0
    cost: int = 0

    @property
    def moved(self) -> int:
        """What would have been paid more; negative is less."""
        return self.then - self.charged

    @property
    def moved_ppm(self) -> int | None:
        """The same as a share of what was charged, towards zero; None where nothing was."""
        if not self.charged:
            return None
        share = abs(self.moved) * MILLION // self.charged
        return share if self.moved >= 0 else -share

    @property
    def margin(self) -> int:
        return self.charged - self.cost

    @property
    def margin_then(self) -> int:
        return self.then - self.cost


@dataclass(frozen=True)
class OfVariant(Effect):
    """Of one variant of a model."""

    model: str = ""
    variant: str = ""


@dataclass(frozen=True)
class OfTeam(Effect):
    """Of one team, by its public id."""

    team: str = ""
    name: str = ""


@dataclass(frozen=True)
class WhatIf:
    """All of a period. `unpriced` counts generations that cannot be priced anew: from before what priced them was
    kept, or of a variant without a rate today; they are in no other figure."""

    since: datetime
    until: datetime
    total: Effect
    variants: Sequence[OfVariant]
    teams: Sequence[OfTeam]
    unpriced: int

    @property
    def most_moved(self) -> Sequence[OfTeam]:
        """The teams that it moves most, by the amount."""
        return self.teams[:MOST_TEAMS]


def what_if(prices: Mapping[str, PriceBook], *, since: datetime, until: datetime) -> WhatIf:
    """Prices anew what ended well from `since` to before `until` of the models in `prices`, by slug. Five queries."""
    today = {slug: offers.book_of(version) for slug, version in offers.current_prices().items()}
    rows, unpriced = _anew(_groups(list(prices), since, until), prices, today)
    variants, teams = _summed(rows, since, until)
    total = Effect(*(sum(getattr(each, name) for each in variants) for name in _FIGURES))
    return WhatIf(since, until, total, variants, teams, unpriced)


def raised(entry: Entry, price: PriceBook, change_ppm: int) -> PriceBook:
    """A price so many parts per million dearer (cheaper when negative), as it could be published: margins in whole ppm
    and fixed prices in whole micro-dollars, rounded up. Below the rates a margin cannot go: a fixed price stands there
    instead; what is priced by the token stays at its rates."""
    factor = MILLION + change_ppm
    margins: dict[str, int] = {}
    fixed: dict[str, int] = {}
    for variant in entry.variants(price.rates):
        if variant in price.fixed:
            fixed[variant] = max(1, -(-price.fixed[variant] * factor // MILLION))
            continue
        margin = -(-(MILLION + price.margin_of(variant)) * factor // MILLION) - MILLION
        if margin < 0 and entry.unit != "token":
            scaled = price.rates[variant] * (MILLION + price.margin_of(variant)) * factor
            fixed[variant] = max(1, -(-scaled // MILLION**2))
        else:
            margins[variant] = max(margin, 0)
    of_all = max(0, -(-(MILLION + price.margin_ppm) * factor // MILLION) - MILLION)
    own = {variant: margin for variant, margin in margins.items() if margin != of_all}
    return replace(price, margin_ppm=of_all, margins=own, fixed=fixed)


_FIGURES = ("count", "charged", "today", "then", "cost")
_Group = tuple[str, str, int, int, int | None, int]  # model, variant, version, discount, list amount, how many
_Row = tuple[str, str, int, int, int, int, int]  # the first five of a group, its price today and then

_WHICH = "status = 'succeeded' and finished_at >= %s and finished_at < %s and model = any(%s)"
_GROUPS = f"""
select model, variant, price_version_id, discount_ppm, list_amount, count(*)
  from generations_generation where {_WHICH} group by 1, 2, 3, 4, 5
"""  # noqa: S608 - our own words
_SUMS = f"""
with anew as (
  select * from unnest(%s::text[], %s::text[], %s::bigint[], %s::int[], %s::bigint[], %s::bigint[], %s::bigint[])
    as p(model, variant, version, discount, amount, today, "then"))
select g.team_id, g.model, g.variant, count(*), sum(g.charged)::bigint, sum(p.today)::bigint, sum(p."then")::bigint,
       sum(coalesce(g.actual_cost, g.expected_cost))::bigint
  from (select * from generations_generation where {_WHICH}) g
  join anew p on p.model = g.model and p.variant = g.variant and p.version = g.price_version_id
    and p.discount = g.discount_ppm and p.amount = g.list_amount
  group by grouping sets ((g.team_id), (g.model, g.variant))
"""  # noqa: S608 - our own words


def _groups(slugs: list[str], since: datetime, until: datetime) -> list[_Group]:
    with connection.cursor() as cursor:
        cursor.execute(_GROUPS, [since, until, slugs])
        return list(cursor.fetchall())


def _anew(
    groups: Sequence[_Group], prices: Mapping[str, PriceBook], today: Mapping[str, PriceBook]
) -> tuple[list[_Row], int]:
    """The price of one generation of each group, today and then; and how many cannot be priced."""
    versions = PriceVersion.objects.in_bulk({group[2] for group in groups})
    books = {pk: offers.book_of(version) for pk, version in versions.items()}
    rows: list[_Row] = []
    unpriced = 0
    for model, variant, version, discount, amount, count in groups:
        found = [
            _price(model, variant, amount, discount, old=books[version], new=new)
            for new in (today.get(model), prices[model])
        ]
        if amount is None or found[0] is None or found[1] is None:
            unpriced += count
        else:
            rows.append((model, variant, version, discount, amount, found[0], found[1]))
    return rows, unpriced


def _price(
    model: str, variant: str, amount: int | None, discount: int, *, old: PriceBook, new: PriceBook | None
) -> int | None:
    """What was priced from `amount` at one price, at another; None where that has no rate for it.

    A text is priced from its provider's charge, which no price of ours changes; all else from so many units."""
    entry = catalog.ENTRIES.get(model)
    if entry is None or new is None or amount is None or variant not in entry.variants(new.rates):
        return None
    if entry.unit != "token":
        units, rest = divmod(amount, old.listed[variant])
        if rest:
            return None
        amount = units * new.listed[variant]
    return pricing.marked_up(amount, replace(new, discount_ppm=discount), variant)


def _summed(rows: Sequence[_Row], since: datetime, until: datetime) -> tuple[list[OfVariant], list[OfTeam]]:
    """By variant in the order of the catalogue, and by team, those that it moves most first."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(7)]
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, [*columns, since, until, sorted(set(columns[0]))])
        found = cursor.fetchall()
    variants = [OfVariant(*_figures(row), model=row[1], variant=row[2]) for row in found if row[0] is None]
    named = Team.objects.in_bulk([row[0] for row in found if row[0] is not None])
    teams = [
        OfTeam(*_figures(row), team=named[row[0]].public_id, name=named[row[0]].name)
        for row in found
        if row[0] is not None
    ]
    order = list(catalog.ENTRIES)
    variants.sort(key=lambda each: (order.index(each.model), each.variant))
    teams.sort(key=lambda each: (-abs(each.moved), each.name, each.team))
    return variants, teams


def _figures(row: tuple[Any, ...]) -> tuple[int, int, int, int, int]:
    count, charged, today, then, cost = row[3:]
    return count, charged, today, then, cost
