"""What a team spent, by model, member, key and day: from the totals of days alone, never from the log.

Micro-dollars; days are UTC, and a period has at most 366 of them. All of a period and of the one before it comes from
one statement of SQL, so that its parts always make its sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

from django.db import connection

from accounts.models import ApiKey, Membership, Team
from billing import periods
from project.errors import FieldError, Invalid

MOST_DAYS = 366
MOST_ROWS = 100
TOP = 6  # the largest are drawn apart; where there are more of them, all but five are drawn as one
WHOLE = 10_000  # a share is counted in hundredths of a percent


class By(StrEnum):
    """What spending is told apart by."""

    MODEL = "model"
    MEMBER = "member"
    KEY = "key"
    DAY = "day"


# The column of SpendDay, and who spent where it is empty.
_COLUMNS = {By.MODEL: "subject", By.MEMBER: "membership_id", By.KEY: "api_key_id", By.DAY: "day"}
_NOBODY = {By.MODEL: "Not known", By.MEMBER: "No member (API keys)", By.KEY: "No API key (in the browser)", By.DAY: ""}


@dataclass(frozen=True)
class Row:
    """What one of them spent. `id` is a model's slug, a public id or a day; empty where it was none of them. `share`
    is of the whole, in hundredths of a percent, rounded. `before` is what it spent in the period before. `found_by`
    is what the history's filter takes for it."""

    id: str
    name: str
    amount: int
    count: int
    share: int
    before: int = 0
    found_by: str = ""


@dataclass(frozen=True)
class Before:
    """The period that this one is compared with, both days included."""

    first: date
    last: date
    amount: int
    count: int


@dataclass(frozen=True)
class Series:
    """One part of every day: of one row, or of all that are not among the largest. `days` are in the order of the
    period's days."""

    name: str
    amount: int
    days: list[int]


@dataclass(frozen=True)
class Spend:
    """The period from `first` to `last`, both included. `rows` are the largest first (days: the latest first), at most
    100 of them; `others` sums up the rest (`rest` of them), and what was spent only before. `days` has every day,
    spent or not; `series` are its parts, the largest first (none by day)."""

    first: date
    last: date
    by: By
    amount: int
    count: int
    rows: list[Row]
    others: Row | None
    rest: int
    days: list[tuple[date, int]]
    before: Before
    series: list[Series]


def of_period(team: Team, *, by: By, first: date, last: date) -> Spend:
    """What was charged in these days. One statement for the sums, one for the names. Raises Invalid."""
    if last < first:
        raise Invalid("The period is none.", errors=[FieldError("to", "lies before the start", "out_of_range")])
    length = (last - first).days + 1
    if length > MOST_DAYS:
        message = f"a period has at most {MOST_DAYS} days"
        raise Invalid("The period is too long.", errors=[FieldError("to", message, "out_of_range")])
    earlier = periods.before(first, last)
    with connection.cursor() as cursor:
        given = {"first": first, "last": last, "before_first": earlier[0], "before_last": earlier[1]}
        most = MOST_DAYS if by == By.DAY else MOST_ROWS
        cursor.execute(_SQL[by], {"team": team.pk, **given, "most": most, "top": TOP})
        found = [_Found(*row) for row in cursor.fetchall()]
    spent = {row.day: int(row.amount) for row in found if row.what == "day"}
    total = sum(spent.values())
    groups = [row for row in found if row.what == "row"]
    names = _names(team, by, [row.key for row in groups if row.key])
    rows = [
        Row(id, name, int(row.amount), int(row.charges), _share(int(row.amount), total), int(row.before), found_by)
        for row in groups
        for id, name, found_by in [names.get(row.key, ("", _NOBODY[by], ""))]
    ]
    before = next(Before(*earlier, int(row.amount), int(row.charges)) for row in found if row.what == "before")
    (rest,) = [row for row in found if row.what == "others"]
    unseen = 0 if by == By.DAY else before.amount - sum(row.before for row in rows)
    others = None
    if rest.members or unseen:
        amount = int(rest.amount)
        others = Row("", _others(rest.members), amount, int(rest.charges), _share(amount, total), unseen)
    days = [(day, spent.get(day, 0)) for day in (first + timedelta(days=n) for n in range(length))]
    return Spend(
        first=first,
        last=last,
        by=by,
        amount=total,
        count=sum(row.count for row in rows) + (others.count if others else 0),
        rows=rows,
        others=others,
        rest=rest.members,
        days=days,
        before=before,
        series=_series(by, found, rows, days),
    )


def percent(share: int) -> str:
    """`41.67` of a share."""
    return f"{share // 100}.{share % 100:02}"


def _share(amount: int, total: int) -> int:
    return (2 * amount * WHOLE + total) // (2 * total) if total else 0


def _others(count: int) -> str:
    return {0: "Spent only before", 1: "1 other"}.get(count, f"{count} others")


def _series(by: By, found: Sequence[_Found], rows: Sequence[Row], days: Sequence[tuple[date, int]]) -> list[Series]:
    """The parts of the days: each of the largest, and the rest as what they leave of each day."""
    if by == By.DAY or not rows:
        return []
    groups = [row.key for row in found if row.what == "row"]
    apart = len(groups) if len(groups) <= TOP else TOP - 1
    parts: dict[str, dict[date, int]] = {key: {} for key in groups[:apart]}
    for row in found:
        if row.what == "part" and row.key in parts:
            parts[row.key][row.day] = int(row.amount)
    series = [
        Series(row.name, row.amount, [part.get(day, 0) for day, _ in days])
        for row, part in zip(rows, parts.values(), strict=False)
    ]
    if len(groups) > apart:
        left = [amount - sum(one.days[place] for one in series) for place, (_, amount) in enumerate(days)]
        series.append(Series("All others", sum(left), left))
    return series


def _names(team: Team, by: By, keys: Sequence[str]) -> Mapping[str, tuple[str, str, str]]:
    """Public id, name and what the history finds it by, of each key of the rows: a slug, a number or a day."""
    if by == By.MEMBER:
        members = Membership.objects.filter(team=team, pk__in=keys).select_related("user")
        return {str(row.pk): (row.public_id, row.user.name or row.user.email, row.user.email) for row in members}
    if by == By.KEY:
        rows = ApiKey.objects.filter(team=team, pk__in=keys)
        return {str(row.pk): (row.public_id, row.name, row.public_id) for row in rows}
    return {key: (key, key, key) for key in keys}


class _Found(NamedTuple):
    """A row of the statement below."""

    what: str
    key: str
    day: date
    amount: int
    charges: int
    members: int
    before: int


def _sql(by: By) -> str:
    column, order = _COLUMNS[by], "key desc" if by == By.DAY else "amount desc, key"
    return f"""
with spent as (
  select coalesce({column}::text, '') as key, day, sum(amount) as amount, sum(count) as count from billing_spendday
  where team_id = %(team)s and day between %(first)s and %(last)s group by 1, 2
), earlier as (
  select coalesce({column}::text, '') as key, sum(amount) as amount, sum(count) as count from billing_spendday
  where team_id = %(team)s and day between %(before_first)s and %(before_last)s group by 1
), grouped as (
  select key, sum(amount) as amount, sum(count) as count from spent group by key
), ranked as (
  select key, amount, count, row_number() over (order by {order}) as place from grouped
)
(select 'row', r.key, null::date, r.amount, r.count, 1, coalesce(e.amount, 0) from ranked r
  left join earlier e using (key) where place <= %(most)s order by place)
union all
select 'others', '', null, coalesce(sum(amount), 0), coalesce(sum(count), 0), count(*), 0 from ranked
  where place > %(most)s
union all
select 'before', '', null, coalesce(sum(amount), 0), coalesce(sum(count), 0), 0, 0 from earlier
union all
select 'day', '', day, sum(amount), sum(count), 1, 0 from spent group by day
union all
select 'part', key, day, spent.amount, spent.count, 1, 0 from spent join ranked using (key) where place <= %(top)s
"""  # noqa: S608 - the columns are ours


_SQL = {by: _sql(by) for by in By}
