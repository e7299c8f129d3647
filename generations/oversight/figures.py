"""Revenue, cost and margin of any days, told apart: from the tables of days alone, never from the generations.

Two statements a question, whatever there is: one over models (by day, provider, model, variant, and all of it), one
over teams and keys. Each compares with as many days right before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from billing import charts
from generations.oversight import day_tables
from generations.oversight.lines import OF_TEAMS, By, Line, Sort, Table
from generations.oversight.scopes import Scope
from generations.oversight.sums import Sums

TOP = 25  # teams and keys on the page; the rest stand in one line


@dataclass(frozen=True)
class Figures:
    """All of a question. `before` is all of the days before; `tables` have those that were asked for."""

    scope: Scope
    total: Sums
    before: Sums
    tables: dict[By, Table]


def of_scope(scope: Scope, *, sort: Sort | None = None, top: int = TOP) -> Figures:
    """Everything that the page shows. Two statements."""
    order = sort or Sort()
    total, before, tables = day_tables.of_models(scope, order)
    for by, lines, count in day_tables.of_teams(scope, order, OF_TEAMS, limit=top):
        tables[by] = Table(by, lines, count, _rest(by, total, before, lines, count))
    return Figures(scope, total, before, tables)


def totals(scope: Scope) -> Sums:
    """All of it in one line: one statement."""
    return day_tables.of_models(scope, Sort())[0]


def table(scope: Scope, by: By, *, sort: Sort | None = None, offset: int = 0, limit: int | None = None) -> Table:
    """One table, of teams and keys a part of it. One statement."""
    order = sort or Sort()
    if by not in OF_TEAMS:
        whole = day_tables.of_models(scope, order)[2][by]
        last = None if limit is None else offset + limit
        return Table(by, whole.lines[offset:last], whole.count)
    ((_, lines, count),) = day_tables.of_teams(scope, order, (by,), limit=limit, offset=offset)
    return Table(by, lines, count)


def steps(found: Figures) -> list[Line]:
    """Every day of a question, or every week of more than 92 days (Monday to Sunday, cut at the ends), with nothing
    where nothing ended. `day` is the first of it."""
    known = {line.day: line.sums for line in found.tables[By.DAY].lines}
    days = [found.scope.first + timedelta(days=n) for n in range(found.scope.length)]
    lines = []
    for places in charts.grouped(days):
        first, last = days[places[0]], days[places[-1]]
        name = str(first) if first == last else f"{first} to {last}"
        sums = Sums.total(known[days[place]] for place in places if days[place] in known)
        lines.append(Line(By.DAY, first.isoformat(), name, sums, about=last.isoformat(), day=first))
    return lines


def of_line(scope: Scope, line: Line) -> dict[str, str]:
    """The question narrowed to one line, as it stands in an address."""
    kept = scope.kept
    if line.by == By.DAY:
        return kept | {"from": line.id, "to": line.about or line.id}
    if line.by == By.VARIANT:
        return kept | {"model": line.about, "variant": line.id}
    if line.by == By.KEY and line.about:
        return kept | {"team": line.about, "key": line.id}
    return kept | {line.by.value: line.id}


def _rest(by: By, total: Sums, before: Sums, lines: Sequence[Line], count: int) -> Line | None:
    """All that are not among the lines, as one."""
    if count <= len(lines):
        return None
    seen = Sums.total(line.sums for line in lines)
    was_revenue = before.revenue - sum(line.was_revenue for line in lines)
    was_cost = before.cost - sum(line.was_cost for line in lines)
    more = count - len(lines)
    return Line(by, "", f"{more:,} more", total.less(seen), was_revenue, was_cost)
