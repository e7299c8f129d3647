"""What another price would have brought: what succeeded in a period, priced anew. Nothing is written.

Each generation keeps its own discount and is rounded by itself, as generations.pricing does. What that needs is kept on
each (`list_amount`, `variant`, `price_version`, `discount_ppm`): the database prices equal ones once, in whole numbers,
and adds them up. Micro-dollars; shares in parts per million.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from accounts.models import Team
from generations import catalog, offers
from generations.catalog import Entry
from generations.models import PriceVersion
from generations.pricing import MILLION, PriceBook
from project import db

MOST_TEAMS = 20
MOST_DAYS = 366
LEAST_CHANGE, MOST_CHANGE = -900_000, 10_000_000  # parts per million


@dataclass(frozen=True)
class Effect:
    """Some generations: what they were charged, what they would have been at the price in force today (`today`) and
    at the price in question (`anew`), and what they cost us (as billed, as expected where no bill came)."""

    count: int = 0
    charged: int = 0
    today: int = 0
    anew: int = 0
    cost: int = 0

    @property
    def moved(self) -> int:
        """What would have been paid more; negative is less."""
        return self.anew - self.charged

    @property
    def moved_ppm(self) -> int | None:
        """The same as a share of what was charged, towards zero; None where nothing was."""
        if not self.charged:
            return None
        share = abs(self.moved) * MILLION // self.charged
        return share if self.moved >= 0 else -share

    @property
    def margin(self) -> int:
        """What stayed of what was charged."""
        return self.charged - self.cost

    @property
    def margin_anew(self) -> int:
        """What would have stayed at the price in question."""
        return self.anew - self.cost


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
    """Prices anew what ended well from `since` to before `until` of the models in `prices`, by slug. Four queries, of
    which one reads the generations, once and from an index that has all it needs (`generation_sold`)."""
    today = {slug: offers.book_of(version) for slug, version in offers.current_prices().items()}
    versions = PriceVersion.objects.in_bulk(PriceVersion.objects.filter(slug__in=prices).values_list("pk", flat=True))
    given = _books(versions.values(), prices, today)
    found = _sums({**given, "versions": list(versions), "since": since, "until": until})
    by_variant: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * len(_FIGURES))
    by_team: dict[int, list[int]] = {}
    unpriced = 0
    for priced, team, version, variant, *figures in found:
        if team is not None:
            by_team |= {team: figures} if priced else {}
        elif priced:
            sums = by_variant[versions[version].slug, variant]
            sums[:] = map(int.__add__, sums, figures)
        else:
            unpriced += figures[0]
    order = list(catalog.ENTRIES)
    variants = [
        OfVariant(*_figures(sums), model=model, variant=variant) for (model, variant), sums in by_variant.items()
    ]
    variants.sort(key=lambda each: (order.index(each.model), each.variant))
    named = Team.objects.in_bulk(by_team)
    teams = [OfTeam(*_figures(sums), team=named[pk].public_id, name=named[pk].name) for pk, sums in by_team.items()]
    teams.sort(key=lambda each: (-abs(each.moved), each.name, each.team))
    total = Effect(*(sum(getattr(each, name) for each in variants) for name in _FIGURES))
    return WhatIf(since, until, total, variants, teams, unpriced)


@dataclass(frozen=True)
class Rise:
    """What so much dearer or cheaper would have brought. `floored` names models that cannot become that much cheaper:
    they are priced at their rates."""

    found: WhatIf
    floored: list[str]


def rise(slugs: Collection[str], *, change_ppm: int, days: int) -> Rise:
    """The prices in force of some models so many parts per million dearer, over the last days. Five queries."""
    books = {
        slug: raised(catalog.get(slug), offers.book_of(version), change_ppm)
        for slug, version in offers.current_prices().items()
        if slug in slugs and slug in catalog.ENTRIES
    }
    floored = [catalog.get(slug).name for slug in books if change_ppm < 0 and catalog.get(slug).unit == "token"]
    until = db.now()
    return Rise(what_if(books, since=until - timedelta(days=days), until=until), floored)


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


_FIGURES = ("count", "charged", "today", "anew", "cost")
_BOOKS = """unnest(%(version)s::bigint[], %(variant)s::text[], %(unit)s::bigint[], %(unit_today)s::bigint[],
  %(factor_today)s::bigint[], %(unit_anew)s::bigint[], %(factor_anew)s::bigint[])
  as book(version, variant, unit, unit_today, factor_today, unit_anew, factor_anew)"""


def _price(unit: str, factor: str) -> str:
    """pricing.marked_up in whole numbers of the database: units * unit * factor / 10^12, rounded up once. In two steps,
    because the product may be larger than its integers."""
    amount, share = f"units * {unit}", f"{factor} * ({MILLION} - discount)"
    rest = f"({amount} * ({share} %% {MILLION}) + {MILLION - 1}) / {MILLION}"
    return f"({amount} * ({share} / {MILLION}) + {rest} + {MILLION - 1}) / {MILLION}"


_SUMS = f"""
with sold as materialized (
  select team_id, price_version_id as version, variant, discount_ppm::bigint as discount, list_amount as amount,
    count(*) as count, sum(charged) as charged, sum(coalesce(actual_cost, expected_cost)) as cost
  from generations_generation
  where status = 'succeeded' and finished_at >= %(since)s and finished_at < %(until)s
    and price_version_id = any(%(versions)s)
  group by 1, 2, 3, 4, 5),
priced as (
  select team_id, version, variant, count, charged, cost, {_price("unit_today", "factor_today")} as today,
    {_price("unit_anew", "factor_anew")} as anew
  from (select sold.*, book.unit, book.unit_today, book.factor_today, book.unit_anew, book.factor_anew,
      case when amount %% unit = 0 then amount / unit end as units
    from sold left join {_BOOKS} on book.version = sold.version and book.variant = sold.variant) s)
select anew is not null, team_id, version, variant, sum(count)::bigint, sum(charged)::bigint,
  sum(count * today)::bigint, sum(count * anew)::bigint, sum(cost)::bigint
from priced group by grouping sets ((anew is not null, team_id), (anew is not null, version, variant))
"""  # noqa: S608 - our own words


def _books(
    versions: Iterable[PriceVersion], prices: Mapping[str, PriceBook], today: Mapping[str, PriceBook]
) -> dict[str, list[Any]]:
    """What one unit of each variant of each version was priced from, and what it is priced from today and anew, with
    the factor of the margin: as columns. A variant without a rate in any of the three is left out.

    A text is priced from its provider's charge, which no price of ours changes; all else from so many units."""
    rows: list[tuple[Any, ...]] = []
    for version in versions:
        entry, old, now = catalog.ENTRIES.get(version.slug), offers.book_of(version), today.get(version.slug)
        if entry is None or now is None:
            continue
        anew = prices[version.slug]
        for variant in entry.variants(old.rates):
            if any(variant not in entry.variants(book.rates) for book in (now, anew)):
                continue
            units = [1 if entry.unit == "token" else book.listed[variant] for book in (old, now, anew)]
            factors = [MILLION + book.margin_of(variant) for book in (now, anew)]
            rows.append((version.pk, variant, units[0], units[1], factors[0], units[2], factors[1]))
    names = ("version", "variant", "unit", "unit_today", "factor_today", "unit_anew", "factor_anew")
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _sums(given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, given)
        return list(cursor.fetchall())


def _figures(sums: Sequence[int]) -> tuple[int, int, int, int, int]:
    count, charged, today, anew, cost = sums
    return count, charged, today, anew, cost
