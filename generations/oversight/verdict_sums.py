"""Sums of generations by how they ended and how their charge was found, over any days (generations/models/costs.py).

Most succeeded and were charged as expected: those are what the tables of days have less the rest. The rest is read from
one index that has all that is asked for (`generation_odd_cost`), so that a year takes no visit to the generations.
A generation counts on the day of its capture in the ledger, else of its end (migration 0014). The two differ only for
what ended within moments of midnight: only there the ledger is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import connection

from generations.models import CostVerdict, Status
from generations.oversight import day_tables
from generations.oversight.lines import By, Sort
from generations.oversight.scopes import Scope
from generations.oversight.sums import Sums

APART = timedelta(hours=1)  # more than a transaction may take: capture and end of a generation lie within one
ORDINARY = (Status.SUCCEEDED.value, CostVerdict.MATCHED.value)
_COUNTED = {
    "matched": "matched",
    "over": "over",
    "under": "under",
    "unknown": "unreported",
    "unattributed": "unattributed",
}
_ODD = """
with odd as (
  select {columns} from generations_generation g where {odd}{filters}
    and finished_at >= %(surely_since)s and finished_at < %(surely_until)s
  union all
  select {columns} from generations_generation g where {odd}{filters}
    and ((finished_at >= %(since)s and finished_at < %(surely_since)s)
      or (finished_at >= %(surely_until)s and finished_at < %(until)s))
    and generations_cost_day_of(g) between %(first)s and %(last)s)
select provider, status, cost_verdict, count(*), sum(charged),
  sum(case when status = 'succeeded' then expected_cost else 0 end), sum(actual_cost),
  sum(coalesce(actual_cost, case when status = 'succeeded' then expected_cost else 0 end)),
  sum(case when cost_verdict = 'unattributed' then expected_cost else 0 end)
from odd group by 1, 2, 3
"""
_COLUMNS = "provider, status, cost_verdict, charged, expected_cost, actual_cost"


@dataclass(frozen=True)
class Group:
    """All of a provider that ended so and whose charge was found so."""

    provider: str
    status: str
    verdict: str
    sums: Sums


def of_scope(scope: Scope) -> list[Group]:
    """Every provider, status and verdict that there is anything of. Two statements."""
    odd = _odd(scope)
    providers = day_tables.of_models(scope, Sort())[2][By.PROVIDER].lines
    ordinary = [
        Group(line.id, *ORDINARY, line.sums.less(Sums.total(group.sums for group in odd if group.provider == line.id)))
        for line in providers
    ]
    return [group for group in [*ordinary, *odd] if not group.sums.nothing]


def total(scope: Scope, *, status: str = "", verdict: str = "") -> Sums:
    """What ended so, added up; "" for all. At most two statements."""
    if (status or ORDINARY[0], verdict or ORDINARY[1]) == ORDINARY:
        return _added(of_scope(scope), status, verdict)
    return _added(_odd(scope, status, verdict), status, verdict)


def moments(scope: Scope) -> dict[str, Any]:
    """The days of a question and the moments that bound them: what ended from `surely_since` to `surely_until` counts
    on them for certain, what ended before `since` or from `until` on does not."""
    start = datetime.combine(scope.first, time(), UTC)
    end = datetime.combine(scope.last, time(), UTC) + timedelta(days=1)
    return {
        "first": scope.first,
        "last": scope.last,
        "since": start - APART,
        "until": end + APART,
        "surely_since": start + APART,
        "surely_until": end - APART,
    }


def _added(groups: Iterable[Group], status: str, verdict: str) -> Sums:
    return Sums.total(group.sums for group in groups if status in ("", group.status) and verdict in ("", group.verdict))


def _odd(scope: Scope, status: str = "", verdict: str = "") -> list[Group]:
    """All that is not ordinary, of one status and verdict where they are named."""
    filters, given = scope.conditions()
    for name, value in (("status", status), ("cost_verdict", verdict)):
        if value:
            filters += f" and {name} = %({name})s"
            given[name] = value
    odd = "not (status = 'succeeded' and cost_verdict = 'matched')"
    with connection.cursor() as cursor:
        cursor.execute(_ODD.format(columns=_COLUMNS, odd=odd, filters=filters), given | moments(scope))
        return [_group(*row) for row in cursor.fetchall()]


def _group(provider: str, status: str, verdict: str, count: int, *amounts: Any) -> Group:
    counts = {status: count}
    if verdict in _COUNTED:
        counts[_COUNTED[verdict]] = count
    names = ("revenue", "expected", "actual", "cost", "at_risk")
    sums = Sums(**counts, **{name: int(amount or 0) for name, amount in zip(names, amounts, strict=True)})
    return Group(provider, status, verdict, sums)
