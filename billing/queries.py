"""What a team reads of its money: the statement, a page at a time, and the open holds.

A place in the statement is a pair of account versions, (available, held): how many entries each account has below
it. The database numbers them without gaps, so a page costs the same wherever it lies, and every line can say what
both accounts held after it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from accounts.models import Team
from billing.models import Account, AccountKind, Entry, Hold, HoldState, Transfer
from project.paging import Page, Window, cut, read_key

MOST_HOLDS = 100


@dataclass(frozen=True)
class Side:
    """One account of a line: its change, what it held after, and its version then. Micro-dollars."""

    change: int
    after: int
    version: int


@dataclass(frozen=True)
class Line:
    """One transfer as the team sees it."""

    transfer: Transfer
    available: Side
    held: Side

    @property
    def change(self) -> int:
        """What it did to the balance: nothing for a hold or a release."""
        return self.available.change + self.held.change

    @property
    def above(self) -> tuple[str, ...]:
        """The place between this line and the next newer one."""
        return str(self.available.version), str(self.held.version)

    @property
    def below(self) -> tuple[str, ...]:
        """The place between this line and the next older one."""
        return tuple(str(side.version - bool(side.change)) for side in (self.available, self.held))


def statement(team: Team, window: Window) -> Page[Line]:
    """A page of a team's transfers, newest first. Raises Invalid for a cursor of another list.

    Transfers of one team are numbered in the order of its accounts' versions: whoever posts has locked the wallet
    before the number is drawn (ledger.lock_wallet)."""
    accounts = dict(Account.objects.filter(team=team).values_list("kind", "pk"))
    pair = [accounts.get(AccountKind.AVAILABLE), accounts.get(AccountKind.HELD)]
    place = dict(zip(pair, read_key(window, int, int) or (), strict=False))
    older = window.side == "older"
    entries = list(_entries(pair, place, window))
    # Upwards, the entries at the place itself come along: they tell the balances there and are no lines.
    transfers = {e.transfer_id: e.transfer for e in entries if older or e.account_version != place[e.account_id]}
    order = sorted(transfers, reverse=older)
    picked = sorted(order[: window.limit])
    available, held = (_sides([e for e in entries if e.account_id == account], picked) for account in pair)
    lines = [Line(transfers[number], available[number], held[number]) for number in reversed(picked)]
    return cut(
        lines,
        window,
        more=len(order) > window.limit,
        newer_key=lambda line: line.above,
        older_key=lambda line: line.below,
    )


def open_holds(team: Team) -> tuple[list[Hold], int]:
    """The newest open holds of a team, at most 100, and how many there are in all."""
    holds = Hold.objects.filter(team=team, state=HoldState.OPEN)
    newest = list(holds.order_by("-created_at", "-id")[: MOST_HOLDS + 1])
    count = len(newest) if len(newest) <= MOST_HOLDS else holds.count()
    return newest[:MOST_HOLDS], count


def _entries(pair: Sequence[int | None], place: dict[int | None, int], window: Window) -> QuerySet[Entry]:
    """The entries of both accounts that can be on the page, in order, by one statement: one snapshot."""
    parts = []
    for account in pair:
        rows = Entry.objects.filter(account=account).values("pk")
        if window.side == "older":
            rows = rows.filter(account_version__lte=place[account]) if place else rows
            parts.append(rows.order_by("-account_version")[: window.limit + 1])
        else:
            rows = rows.filter(account_version__gte=place[account])
            parts.append(rows.order_by("account_version")[: window.limit + 2])
    chosen = parts[0].union(parts[1], all=True)
    return Entry.objects.filter(pk__in=chosen).select_related("transfer__hold").order_by("account_version")


def _sides(entries: Sequence[Entry], picked: Collection[int]) -> dict[int, Side]:
    """One account beside each picked transfer, oldest first; where it was not touched it is as it was before."""
    own = {entry.transfer_id: entry for entry in entries}
    first = next((own[number] for number in picked if number in own), None)
    before = [entry for entry in entries if picked and entry.transfer_id < min(picked)]
    if first is not None:
        now = Side(0, _left(first) - first.delta, (first.account_version or 0) - 1)
    elif before:
        now = Side(0, _left(before[-1]), before[-1].account_version or 0)
    else:
        now = Side(0, 0, 0)
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
