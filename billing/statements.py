"""What became of a team's credit in a period, and what it had at any moment.

    opening + bought + granted - charged - expired - taken back = closing

Opening and closing are what the last entries before said; the sums between come from the totals of days, and from
entries only for the broken days at the edges. So they are two independent accounts of the same, the cost does not
grow with the number of transfers, and a statement that does not add up is never shown. Micro-dollars; days are UTC.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.db import connection
from django.db.models import Count, Q, Sum

from accounts.models import Team
from billing.models import AccountKind, Entry, TransferKind
from billing.queries import Span, Stretch
from project.errors import FieldError, Invalid, Unavailable
from project.times import stamp

log = logging.getLogger(__name__)

FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)  # what can be asked for
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)

# The kinds of transfer that make up each part, with the sign that they have in it.
PARTS: Mapping[str, Mapping[TransferKind, int]] = {
    "bought": {TransferKind.TOPUP: 1},
    "granted": {TransferKind.GRANT: 1},
    "charged": {TransferKind.CAPTURE: 1},
    "expired": {TransferKind.EXPIRY: 1},
    "taken_back": {
        TransferKind.REVERSAL: 1,
        TransferKind.FREEZE: 1,
        TransferKind.UNFREEZE: -1,
        TransferKind.RESTORE: -1,
    },
}


@dataclass(frozen=True)
class Balance:
    """What a team had at a moment. What a dispute froze stands beside the balance."""

    available: int = 0
    held: int = 0
    frozen: int = 0

    @property
    def balance(self) -> int:
        return self.available + self.held


@dataclass(frozen=True)
class Moved:
    """What the transfers of a kind did to the balance: the amount without a sign, and how many they were."""

    amount: int = 0
    count: int = 0


@dataclass(frozen=True)
class Statement:
    """A period from `start` up to `end`, which is no more part of it. `within` are the lines that it sums up: they
    were read in the same instant and stay the same."""

    start: datetime
    end: datetime
    opening: Balance
    closing: Balance
    moved: Mapping[str, Moved]
    within: Span

    @property
    def bought(self) -> int:
        return self.part("bought").amount

    @property
    def granted(self) -> int:
        return self.part("granted").amount

    @property
    def charged(self) -> int:
        return self.part("charged").amount

    @property
    def expired(self) -> int:
        return self.part("expired").amount

    @property
    def taken_back(self) -> int:
        """Refunded, lost or frozen, less what was given back of it: below zero where more was given back."""
        return self.part("taken_back").amount

    @property
    def given_back(self) -> int:
        """The same with the other sign."""
        return -self.taken_back

    def part(self, name: str) -> Moved:
        """A part of PARTS, and how many transfers made it."""
        known = [(sign, self.moved.get(kind, Moved())) for kind, sign in PARTS[name].items()]
        return Moved(sum(sign * moved.amount for sign, moved in known), sum(moved.count for _, moved in known))

    @property
    def counts(self) -> dict[str, int]:
        return {name: self.part(name).count for name in PARTS}

    @property
    def empty(self) -> bool:
        """Whether not a single line is in it, not even of a hold."""
        return all(side.start == side.end for side in self.within.sides)

    @property
    def adds_up(self) -> bool:
        ins, outs = self.bought + self.granted, self.charged + self.expired + self.taken_back
        return self.opening.balance + ins - outs == self.closing.balance


def balance_at(team: Team, moment: datetime) -> Balance:
    """What a team had at a moment: what the last entry of each account up to then left. One statement.

    Raises Invalid for a moment that has not come. Something that happened before it and is only now being committed
    is not in it yet."""
    _check("at", moment)
    with connection.cursor() as cursor:
        cursor.execute(_BALANCES, {"team": team.pk, "moment": moment})
        rows = cursor.fetchall()
    if rows[0][2]:
        raise Invalid("That moment has not come yet.", errors=[FieldError("at", "lies in the future", "out_of_range")])
    held = {kind: after for kind, after, _ in rows if kind}
    return Balance(*(held.get(kind, 0) for kind in (AccountKind.AVAILABLE, AccountKind.HELD, AccountKind.FROZEN)))


def of_period(team: Team, start: datetime, end: datetime) -> Statement:
    """The statement of [start, end), which may reach into the future. One statement of SQL: one snapshot.

    Raises Invalid for a period that ends before it begins, and Unavailable where it does not add up."""
    _check("from", start)
    _check("to", end)
    if end < start:
        raise Invalid("The period is none.", errors=[FieldError("to", "lies before the start", "out_of_range")])
    first, last = _whole_days(start, end)
    moments = {"start": start, "end": end, "first": first, "last": last}
    days = {"first_day": first.date(), "last_day": last.date()}
    with connection.cursor() as cursor:
        cursor.execute(_STATEMENT, {"team": team.pk, **moments, **days})
        rows = cursor.fetchall()
    accounts = {kind: rest for what, kind, *rest in rows if what == "account"}
    found = Statement(
        start=start,
        end=end,
        opening=Balance(**{kind: before for kind, (_, _, before, _, _) in accounts.items()}),
        closing=Balance(**{kind: after for kind, (_, _, _, _, after) in accounts.items()}),
        moved={kind: Moved(int(amount), int(count)) for what, kind, amount, count, *_ in rows if what == "moved"},
        within=Span(*(_stretch(accounts.get(kind)) for kind in (AccountKind.AVAILABLE, AccountKind.HELD))),
    )
    if not found.adds_up:
        log.error("the statement of team %s from %s to %s does not add up", team.pk, stamp(start), stamp(end))
        raise Unavailable(
            "This statement does not add up, so we do not show it. It was logged, and we look into it.",
            code="statement_does_not_add_up",
        )
    return found


def _stretch(row: list[int] | None) -> Stretch:
    if row is None:
        return Stretch()
    account, start, before, end, _ = row
    return Stretch(account=account, start=start, end=end, before=before)


def _whole_days(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The midnights between which the totals of days serve; where no day is whole, both are the end."""
    first, last = _midnight(start), _midnight(end)
    if first < start:
        first += DAY
    return (first, last) if first < last else (end, end)


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(UTC).date(), time(), UTC)


def _check(name: str, moment: datetime) -> None:
    if not FIRST <= moment <= LAST:
        message = f"must lie between {stamp(FIRST)} and {stamp(LAST)}"
        raise Invalid("That moment is out of reach.", errors=[FieldError(name, message, "out_of_range")])


@dataclass(frozen=True)
class Adjusted:
    """What of a statement staff adjusted: `added` is part of what was granted, `taken` of what was taken back."""

    added: int = 0
    taken: int = 0
    count: int = 0

    @property
    def net(self) -> int:
        return self.added - self.taken


def adjusted(found: Statement) -> Adjusted:
    """Read of the same lines that the statement sums up."""
    side = found.within.available
    if side.account is None:
        return Adjusted()
    rows = Entry.objects.filter(
        account_id=side.account,
        account_version__gt=side.start,
        account_version__lte=side.end,
        transfer__key__startswith="adjust:",
    )
    sums = rows.aggregate(
        added=Sum("delta", filter=Q(delta__gt=0)), taken=Sum("delta", filter=Q(delta__lt=0)), count=Count("pk")
    )
    return Adjusted(added=sums["added"] or 0, taken=-(sums["taken"] or 0), count=sums["count"])


_BALANCES = """
select a.kind, coalesce(e.balance_after, 0), m.at > clock_timestamp()
from (select %(moment)s::timestamptz as at) m
left join billing_account a on a.team_id = %(team)s
left join lateral (select balance_after from billing_entry where account_id = a.id and created_at <= m.at
  order by created_at desc, account_version desc limit 1) e on true
"""

# Every transfer of `moved` has one entry in one of the two accounts; a hold and a release have two that cancel out.
# The edges are two parts, and transfers are looked up one by one (offset 0), so that no plan reads a whole table.
_STATEMENT = """
with account as (
  select a.id, a.kind, coalesce(o.account_version, 0) as opened, coalesce(o.balance_after, 0) as opening,
    coalesce(c.account_version, 0) as closed, coalesce(c.balance_after, 0) as closing
  from billing_account a
  left join lateral (select account_version, balance_after from billing_entry
    where account_id = a.id and created_at < %(start)s order by created_at desc, account_version desc limit 1) o on true
  left join lateral (select account_version, balance_after from billing_entry
    where account_id = a.id and created_at < %(end)s order by created_at desc, account_version desc limit 1) c on true
  where a.team_id = %(team)s
), edge as (
  select e.transfer_id, e.delta from account a join billing_entry e on e.account_id = a.id
    where a.kind in ('available', 'held') and e.created_at >= %(start)s and e.created_at < %(first)s
  union all
  select e.transfer_id, e.delta from account a join billing_entry e on e.account_id = a.id
    where a.kind in ('available', 'held') and e.created_at >= %(last)s and e.created_at < %(end)s
), moved as (
  select kind, amount, count from billing_daytotal
    where team_id = %(team)s and day >= %(first_day)s and day < %(last_day)s
  union all
  select t.kind, abs(e.delta), 1 from edge e
    cross join lateral (select kind from billing_transfer where id = e.transfer_id offset 0) t
    where t.kind not in ('hold', 'release')
)
select 'account', kind, id, opened, opening, closed, closing from account
union all
select 'moved', kind, sum(amount), sum(count), null, null, null from moved group by kind
"""
