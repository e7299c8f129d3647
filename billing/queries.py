"""What a team reads of its money: the statement, a page at a time, and the open holds.

A place in the statement is a pair of account versions, (available, held): how many entries each account has below
it. The database numbers them without gaps, so a page costs the same wherever it lies, and every line can say what
both accounts held after it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import QuerySet

from accounts.models import Team
from billing.models import AccountKind, Entry, Hold, HoldState, Transfer
from project.paging import Page, Window, cut, read_key

MOST_HOLDS = 100
BATCH = 500  # lines of an export that are in memory at once


@dataclass(frozen=True)
class Side:
    """One account of a line: its change, what it held after, and its version then. Micro-dollars."""

    change: int
    after: int
    version: int


@dataclass(frozen=True)
class Stretch:
    """The entries of one account that a period takes in: after `start` and up to `end`, as versions. `before` is
    what the account held at the start. `account` is None where the team has no such account."""

    account: int | None = None
    start: int = 0
    end: int = 0
    before: int = 0

    def holds(self, version: int) -> int:
        """The nearest place within."""
        return min(max(version, self.start), self.end)


@dataclass(frozen=True)
class Span:
    """A period of a team's statement: the same lines however often it is read, whatever is written meanwhile."""

    available: Stretch = Stretch()
    held: Stretch = Stretch()

    @property
    def sides(self) -> tuple[Stretch, Stretch]:
        return self.available, self.held

    @property
    def bottom(self) -> tuple[str, ...]:
        """The place below its oldest line."""
        return tuple(str(side.start) for side in self.sides)


@dataclass(frozen=True)
class Line:
    """One transfer as the team sees it."""

    transfer: Transfer
    at: datetime
    available: Side
    held: Side

    @property
    def change(self) -> int:
        """What it did to the balance: nothing for a hold or a release."""
        return self.available.change + self.held.change

    @property
    def left(self) -> int:
        """The balance after it."""
        return self.available.after + self.held.after

    @property
    def above(self) -> tuple[str, ...]:
        """The place between this line and the next newer one."""
        return str(self.available.version), str(self.held.version)

    @property
    def below(self) -> tuple[str, ...]:
        """The place between this line and the next older one."""
        return tuple(str(side.version - bool(side.change)) for side in (self.available, self.held))


def span(team: Team, *, after: datetime | None = None, before: datetime | None = None) -> Span:
    """What happened later than `after` and earlier than `before`, as of now. One statement, two looks into an index
    for each account."""
    with connection.cursor() as cursor:
        cursor.execute(_SPAN, {"team": team.pk, "after": after, "before": before})
        stretches = {kind: Stretch(*rest) for kind, *rest in cursor.fetchall()}
    return Span(*(stretches.get(kind, Stretch()) for kind in (AccountKind.AVAILABLE, AccountKind.HELD)))


_SPAN = """
select a.kind, a.id, coalesce(f.account_version, 0), greatest(l.account_version, f.account_version, 0),
  coalesce(f.balance_after, 0)
from billing_account a
left join lateral (select account_version, balance_after from billing_entry
  where account_id = a.id and created_at <= %(after)s order by created_at desc, account_version desc limit 1) f on true
left join lateral (select account_version from billing_entry
  where account_id = a.id and created_at < coalesce(%(before)s, 'infinity'::timestamptz)
  order by created_at desc, account_version desc limit 1) l on true
where a.team_id = %(team)s and a.kind in ('available', 'held')
"""


def statement(team: Team, window: Window, *, within: Span | None = None) -> Page[Line]:
    """A page of a team's transfers, newest first; of a period, where `within` is given. Raises Invalid for a cursor
    of another list.

    Transfers of one team are numbered in the order of its accounts' versions: whoever posts has locked the wallet
    before the number is drawn (ledger.lock_wallet)."""
    if window.key is None:
        window = Window(window.limit)  # without a place there is but one side
    whole = within or span(team)
    key = read_key(window, _version, _version)
    place = {side.account: side.holds(at) for side, at in zip(whole.sides, key, strict=True)} if key else {}
    older = window.side == "older"
    entries = list(_entries(whole, place, window))
    # Upwards, the entries at the place itself come along: they tell the balances there and are no lines.
    lines_of = {e.transfer_id: e for e in entries if older or e.account_version != place[e.account_id]}
    order = sorted(lines_of, reverse=older)
    picked = sorted(order[: window.limit])
    available, held = (_sides(entries, picked, side) for side in whole.sides)
    lines = [
        Line(lines_of[number].transfer, lines_of[number].created_at, available[number], held[number])
        for number in reversed(picked)
    ]
    return cut(
        lines,
        window,
        more=len(order) > window.limit,
        newer_key=lambda line: line.above,
        older_key=lambda line: line.below,
    )


def batches(team: Team, within: Span) -> Iterator[list[Line]]:
    """All lines of a period, oldest first, at most 500 at a time. Each batch is a statement of its own: a slow reader
    holds neither a transaction nor a cursor open."""
    place: tuple[str, ...] | None = within.bottom
    while place is not None:
        page = statement(team, Window(BATCH, "newer", place), within=within)
        place = page.newer
        if page.rows:
            yield page.rows[::-1]


def public_id(transfer: Transfer) -> str:
    """How a team's files and programs name a transfer."""
    return f"txn_{hashlib.sha256(transfer.key.encode()).hexdigest()[:32]}"


def open_holds(team: Team) -> tuple[list[Hold], int]:
    """The newest open holds of a team, at most 100, and how many there are in all."""
    holds = Hold.objects.filter(team=team, state=HoldState.OPEN)
    newest = list(holds.order_by("-created_at", "-id")[: MOST_HOLDS + 1])
    count = len(newest) if len(newest) <= MOST_HOLDS else holds.count()
    return newest[:MOST_HOLDS], count


def _entries(whole: Span, place: dict[int | None, int], window: Window) -> QuerySet[Entry]:
    """The entries of both accounts that can be on the page, in order, by one statement: one snapshot."""
    parts = []
    for side in whole.sides:
        at = place.get(side.account)
        rows = Entry.objects.filter(account=side.account, account_version__lte=side.end).values("pk")
        if window.side == "older":
            rows = rows.filter(account_version__gt=side.start, account_version__lte=side.end if at is None else at)
            parts.append(rows.order_by("-account_version")[: window.limit + 1])
        else:
            rows = rows.filter(account_version__gte=at)
            parts.append(rows.order_by("account_version")[: window.limit + 2])
    chosen = parts[0].union(parts[1], all=True)
    found = Entry.objects.filter(pk__in=chosen).select_related("transfer__hold", "transfer__payment")
    return found.order_by("account_version")


def _sides(entries: Sequence[Entry], picked: Collection[int], stretch: Stretch) -> dict[int, Side]:
    """One account beside each picked transfer, oldest first; where it was not touched it is as it was before."""
    here = [entry for entry in entries if entry.account_id == stretch.account]
    own = {entry.transfer_id: entry for entry in here}
    first = next((own[number] for number in picked if number in own), None)
    before = [entry for entry in here if picked and entry.transfer_id < min(picked)]
    if first is not None:
        now = Side(0, _left(first) - first.delta, (first.account_version or 0) - 1)
    elif before:
        now = Side(0, _left(before[-1]), before[-1].account_version or 0)
    else:
        now = Side(0, stretch.before, stretch.start)
    sides = {}
    for number in picked:
        entry = own.get(number)
        if entry is not None:
            sides[number] = now = Side(entry.delta, _left(entry), entry.account_version or 0)
        else:
            sides[number] = now = Side(0, now.after, now.version)
    return sides


def _left(entry: Entry) -> int:
    assert entry.balance_after is not None, "a team's account keeps its balance"
    return entry.balance_after


def _version(text: str) -> int:
    """A version of an account; ValueError for what none can be."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise ValueError("is no place in a statement")
    return int(text)
