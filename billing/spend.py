"""What a team spent, by model, member, key and day: from the totals of days alone, never from the log.

Micro-dollars; days are UTC, and a period has at most 366 of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.db import connection

from accounts.models import ApiKey, Membership, Team
from project.errors import FieldError, Invalid

MOST_DAYS = 366
MOST_ROWS = 100
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
    is of the whole, in hundredths of a percent, rounded."""

    id: str
    name: str
    amount: int
    count: int
    share: int


@dataclass(frozen=True)
class Spend:
    """The period from `first` to `last`, both included. `rows` are the largest first (days: the latest first), at most
    100 of them; `others` sums up the rest (`rest` of them). `days` has every day, spent or not."""

    first: date
    last: date
    by: By
    amount: int
    count: int
    rows: list[Row]
    others: Row | None
    rest: int
    days: list[tuple[date, int]]


def of_period(team: Team, *, by: By, first: date, last: date) -> Spend:
    """What was charged in these days. One statement for the sums, one for the names. Raises Invalid."""
    if last < first:
        raise Invalid("The period is none.", errors=[FieldError("to", "lies before the start", "out_of_range")])
    length = (last - first).days + 1
    if length > MOST_DAYS:
        message = f"a period has at most {MOST_DAYS} days"
        raise Invalid("The period is too long.", errors=[FieldError("to", message, "out_of_range")])
    with connection.cursor() as cursor:
        most = MOST_DAYS if by == By.DAY else MOST_ROWS
        cursor.execute(_SQL[by], {"team": team.pk, "first": first, "last": last, "most": most})
        found = cursor.fetchall()
    spent = {date.fromisoformat(key): int(amount) for what, key, amount, _, _ in found if what == "day"}
    total = sum(spent.values())
    groups = [(key, int(amount), int(count)) for what, key, amount, count, _ in found if what == "row"]
    names = _names(team, by, [key for key, _, _ in groups if key])
    rows = [
        Row(*names.get(key, ("", _NOBODY[by])), amount=amount, count=count, share=_share(amount, total))
        for key, amount, count in groups
    ]
    others, rest = None, 0
    for what, _, amount, count, members in found:
        if what == "others" and members:
            rest = int(members)
            others = Row("", f"{rest} others", int(amount), int(count), _share(int(amount), total))
    return Spend(
        first=first,
        last=last,
        by=by,
        amount=total,
        count=sum(row.count for row in rows) + (others.count if others else 0),
        rows=rows,
        others=others,
        rest=rest,
        days=[(day, spent.get(day, 0)) for day in (first + timedelta(days=n) for n in range(length))],
    )


def percent(share: int) -> str:
    """`41.67` of a share."""
    return f"{share // 100}.{share % 100:02}"


def _share(amount: int, total: int) -> int:
    return (2 * amount * WHOLE + total) // (2 * total) if total else 0


def _names(team: Team, by: By, keys: Sequence[str]) -> Mapping[str | None, tuple[str, str]]:
    """Public id and name of each key of the rows, which is a slug, a number or a day."""
    if by == By.MEMBER:
        members = Membership.objects.filter(team=team, pk__in=keys).select_related("user")
        return {str(row.pk): (row.public_id, row.user.name or row.user.email) for row in members}
    if by == By.KEY:
        return {str(row.pk): (row.public_id, row.name) for row in ApiKey.objects.filter(team=team, pk__in=keys)}
    return {key: (key, key) for key in keys}


def _sql(by: By) -> str:
    column, order = _COLUMNS[by], "key desc" if by == By.DAY else "sum(amount) desc, key"
    return f"""
with spent as (
  select nullif({column}::text, '') as key, day::text as day, amount, count from billing_spendday
  where team_id = %(team)s and day between %(first)s and %(last)s
), ranked as (
  select key, sum(amount) as amount, sum(count) as count, row_number() over (order by {order}) as place
  from spent group by key
)
(select 'row', key, amount, count, 1 from ranked where place <= %(most)s order by place)
union all
select 'others', null, sum(amount), sum(count), count(*) from ranked where place > %(most)s
union all
select 'day', day, sum(amount), sum(count), 1 from spent group by day
"""  # noqa: S608 - the columns are ours


_SQL = {by: _sql(by) for by in By}
