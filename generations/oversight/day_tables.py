"""The tables of days, read with SQL (models/costs.py says what each is for): the filters say which one is read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import connection

from generations import catalog
from generations.oversight import scopes
from generations.oversight.lines import OF_TEAMS, By, Line, Order, Sort, Table, ordered
from generations.oversight.scopes import NO_KEY, NO_VARIANT, Scope
from generations.oversight.sums import COLUMNS, Sums
from generations.pricing import MILLION
from project import ids

# --- over models ----------------------------------------------------------------------------------------------------
_SUMMED = ", ".join(f'sum("{name}")::bigint as "{name}"' for name in COLUMNS)
_NAMED = ", ".join(f'"{name}"' for name in COLUMNS)
_MODELS = """
select grouping(day) = 0, now, day, provider, model, variant, {summed}
from (select day >= %(first)s as now, case when day >= %(first)s then day end as day, provider, model, variant, {named}
  from {source} where day between %(was)s and %(last)s{filters}) d
group by grouping sets ((now, day), (now, provider, model, variant))
"""


def of_models(scope: Scope, sort: Sort) -> tuple[Sums, Sums, dict[By, Table]]:
    source = "generations_costday" if scope.of_teams else "generations_modelday"
    filters, given = scope.conditions()
    sql = _MODELS.format(source=source, filters=filters, summed=_SUMMED, named=_NAMED)
    days = {"first": scope.first, "last": scope.last, "was": scope.before.first}
    found: dict[By, dict[tuple[Any, ...], dict[bool, list[Sums]]]] = {by: {} for by in By if by not in OF_TEAMS}
    every: dict[bool, list[Sums]] = {True: [], False: []}
    for of_day, now, day, provider, model, variant, *values in _rows(sql, days | given):
        sums = Sums.of(values)
        if of_day and not now:  # the days before, as one
            continue
        keys = (
            {By.DAY: (day,)} if of_day else {By.PROVIDER: (provider,), By.MODEL: (model,), By.VARIANT: (model, variant)}
        )
        for by, key in keys.items():
            found[by].setdefault(key, {True: [], False: []})[now].append(sums)
        if not of_day:
            every[now].append(sums)
    tables = {}
    for by, groups in found.items():
        lines = [_line(by, key, Sums.total(sides[True]), Sums.total(sides[False])) for key, sides in groups.items()]
        placed = sorted(lines, key=lambda line: line.id) if by == By.DAY else ordered(lines, sort)
        tables[by] = Table(by, placed, len(placed))
    return Sums.total(every[True]), Sums.total(every[False]), tables


def _line(by: By, key: tuple[Any, ...], now: Sums, was: Sums) -> Line:
    first, name, about, about_name = str(key[0]), str(key[0]), "", ""
    if by == By.MODEL:
        name = _name(first)
    elif by == By.VARIANT:
        about, about_name = first, _name(first)
        first, name = key[1] or NO_VARIANT, key[1] or "no variant kept"
    return Line(by, first, name, now, was.revenue, was.cost, about, about_name, key[0] if by == By.DAY else None)


def _name(slug: str) -> str:
    entry = catalog.ENTRIES.get(slug)
    return entry.name if entry else slug


# --- over teams and keys --------------------------------------------------------------------------------------------
_SPLIT = ", ".join(
    f'coalesce(sum("{name}") filter (where day >= %(first)s), 0)::bigint as "{name}"' for name in COLUMNS
)
_WAS = ", ".join(
    f'coalesce(sum("{name}") filter (where day < %(first)s), 0)::bigint as "was_{name}"' for name in ("revenue", "cost")
)
_GROUPED = _SUMMED + ", sum(was_revenue)::bigint as was_revenue, sum(was_cost)::bigint as was_cost"
_TEAMS = """
with picked as materialized (
  select team_id, api_key_id, {split}, {was} from ({source}) days group by 1, 2)
select * from ({parts}) found order by place
"""
_PART = """(select '{by}' as what, place, ranked.count, {names}, {named}, was_revenue, was_cost from (
  select *, count(*) over () as count, row_number() over (order by {order}, id) as place
  from (select {id} as id, {grouped} from picked group by 1) g) ranked {joins}
where place > %(offset)s and (%(limit)s::int is null or place <= %(offset)s + %(limit)s))"""
_NAMES = {
    By.TEAM: ("t.uuid, t.name, null::uuid, ''", "join accounts_team t on t.id = ranked.id", "team_id"),
    By.KEY: (
        "k.uuid, k.name, t.uuid, t.name",
        "left join accounts_apikey k on k.id = ranked.id left join accounts_team t on t.id = k.team_id",
        "api_key_id",
    ),
}
_ORDERS = {
    Order.REVENUE: "revenue",
    Order.COST: "cost",
    Order.MARGIN: "revenue - cost",
    Order.RATE: f"(revenue - cost)::numeric * {MILLION} / nullif(revenue, 0)",
    Order.CHANGE: "revenue - was_revenue",
    Order.RISK: "at_risk",
    Order.SUCCEEDED: "succeeded",
    Order.FAILED: "failed",
}


def of_teams(
    scope: Scope, sort: Sort, wanted: Sequence[By], *, limit: int | None, offset: int = 0
) -> list[tuple[By, list[Line], int]]:
    source, given = _source(scope)
    order = f"{_ORDERS[sort.by]} {'desc' if sort.descending else 'asc'} nulls last"
    parts = []
    for by in wanted:
        names, joins, column = _NAMES[by]
        parts.append(
            _PART.format(by=by, names=names, joins=joins, id=column, named=_NAMED, grouped=_GROUPED, order=order)
        )
    sql = _TEAMS.format(split=_SPLIT, was=_WAS, source=source, parts=" union all ".join(parts))
    rows = _rows(sql, given | {"first": scope.first, "limit": limit, "offset": offset})
    found: dict[By, tuple[list[Line], int]] = {by: ([], 0) for by in wanted}
    for what, _, count, uuid, name, team_uuid, team_name, *values, was_revenue, was_cost in rows:
        by = By(what)
        lines, _ = found[by]
        lines.append(
            Line(
                by=by,
                id=ids.public(by.value, uuid) if uuid else NO_KEY,
                name=name if uuid else "No key (in the browser)",
                sums=Sums.of(values),
                was_revenue=was_revenue,
                was_cost=was_cost,
                about=ids.public("team", team_uuid) if team_uuid else "",
                about_name=team_name or "",
            )
        )
        found[by] = (lines, count)
    return [(by, lines, count) for by, (lines, count) in found.items()]


def _source(scope: Scope) -> tuple[str, dict[str, Any]]:
    """The rows of a question and of the days before it: whole months from the table of months, where it tells enough,
    and the other days from theirs."""
    filters, given = scope.conditions()
    table = "generations_costday" if scope.of_models else "generations_teamday"
    months: list[date] = []
    ranges: list[tuple[date, date]] = []
    for part in (scope.before, scope):
        whole, rest = ([], [(part.first, part.last)]) if scope.model else scopes.months_of(part)
        months += whole
        ranges += rest
    said = []
    for place, (first, last) in enumerate(ranges):
        said.append(f"day between %(from{place})s and %(to{place})s")
        given |= {f"from{place}": first, f"to{place}": last}
    columns = f"day, team_id, api_key_id, {_NAMED}"
    sql = f"select {columns} from {table} where ({' or '.join(said) or 'false'}){filters}"  # noqa: S608 - our own names
    if months:
        given["months"] = months
        sql += f" union all select {columns} from generations_teammonth where day = any(%(months)s){filters}"  # noqa: S608
    return sql, given


def _rows(sql: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
