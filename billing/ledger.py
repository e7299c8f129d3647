"""Money moves in one function: post (design section 2). Everything else in the house asks it.

A transfer's key makes it happen once; the database (migration 0002) writes its two entries, moves the balances and
refuses whatever breaks a rule of invariants.md L1-L9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Model

from accounts.models import Team
from billing.models import HOUSE, Account, AccountKind, Hold, Lot, Payment, Transfer, TransferKind


class KeyReused(Exception):
    """A transfer of this key exists with another amount, kind or other accounts (invariants.md L5)."""


@dataclass(frozen=True)
class Wallet:
    """A team's accounts, locked or as of now. Amounts in micro-dollars. What a dispute froze stands beside the
    balance; only a team that had a dispute has that account."""

    available: Account
    held: Account
    frozen: Account | None = None

    @property
    def balance(self) -> int:
        return self.available.balance + self.held.balance


def house(kind: AccountKind) -> Account:
    """A house account. Made again where it is missing (a database whose rows were flushed)."""
    if kind not in HOUSE:
        raise ValueError(f"{kind} is no house account")
    account, _ = Account.objects.get_or_create(team=None, kind=kind)
    return account


def open_wallet(team: Team) -> None:
    """Makes a team's accounts; harmless when they are there."""
    for kind in (AccountKind.AVAILABLE, AccountKind.HELD):
        Account.objects.get_or_create(team=team, kind=kind)


def lock_wallet(team_id: int) -> Wallet:
    """Locks all accounts of a team in id order, before any hold is locked (invariants.md section 3)."""
    return _wallet_of(_locked(team_id))


def open_and_lock(team: Team) -> Wallet:
    """The same for a team that may have no accounts yet: one query where they are there, as for all holds but the
    first."""
    by_kind = _locked(team.pk)
    if AccountKind.AVAILABLE not in by_kind or AccountKind.HELD not in by_kind:
        open_wallet(team)
        by_kind = _locked(team.pk)
    return _wallet_of(by_kind)


def _locked(team_id: int) -> dict[str, Account]:
    accounts = Account.objects.filter(team_id=team_id).order_by("id").select_for_update(no_key=True)
    return {account.kind: account for account in accounts}


def _wallet_of(by_kind: Mapping[str, Account]) -> Wallet:
    return Wallet(
        available=by_kind[AccountKind.AVAILABLE],
        held=by_kind[AccountKind.HELD],
        frozen=by_kind.get(AccountKind.FROZEN),
    )


def open_frozen(team: Team) -> None:
    """Makes the account of what a dispute freezes; harmless when it is there."""
    open_wallet(team)
    Account.objects.get_or_create(team=team, kind=AccountKind.FROZEN)


def wallet(team_id: int) -> Wallet:
    """A team's wallet as of now, for reading. A team without accounts has none of its money anywhere: zeros."""
    by_kind = {account.kind: account for account in Account.objects.filter(team_id=team_id)}
    empty = Account(team_id=team_id, balance=0)
    return Wallet(
        available=by_kind.get(AccountKind.AVAILABLE, empty),
        held=by_kind.get(AccountKind.HELD, empty),
        frozen=by_kind.get(AccountKind.FROZEN),
    )


def post(
    *,
    key: str,
    kind: TransferKind,
    debit: Account,
    credit: Account,
    amount: int,
    actor: str,
    reason: str,
    hold: Hold | None = None,
    lot: Lot | None = None,
    payment: Payment | None = None,
    follows: Transfer | None = None,
    expires_at: datetime | None = None,
    event_at: datetime | None = None,
) -> Transfer:
    """Moves `amount` micro-dollars from debit to credit, once per key, in the caller's transaction.

    A movement of a hold finds its lots itself; whatever else touches a team's credit names its `lot`. `follows` is
    the transfer that this one ends or undoes, `payment` what it is about, `expires_at` the end of a grant.

    Returns the transfer, new or the one that is there already. Raises KeyReused when the key stands for another
    movement, and IntegrityError where the database refuses (overdraft, forbidden legs, more than a lot has)."""
    if type(amount) is not int or amount <= 0:
        raise ValueError("an amount is a positive whole number of micro-dollars")
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO billing_transfer
                 (key, kind, debit_id, credit_id, amount, hold_id, lot_id, payment_id, follows_id, expires_at,
                  actor, reason, event_at, created_at)
               VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, coalesce(%s, clock_timestamp()),
                       clock_timestamp())
               ON CONFLICT (key) DO NOTHING""",
            [key, kind, debit.pk, credit.pk, amount, *_pks(hold, lot, payment, follows), expires_at]
            + [actor, reason, event_at],
        )
    transfer = Transfer.objects.get(key=key)
    found = (transfer.kind, transfer.debit_id, transfer.credit_id, transfer.amount)
    touched = [transfer.hold_id, transfer.lot_id, transfer.payment_id, transfer.follows_id]
    if found != (str(kind), debit.pk, credit.pk, amount) or touched != _pks(hold, lot, payment, follows):
        raise KeyReused(f"the transfer {key} exists with other content")
    return transfer


def _pks(*rows: Model | None) -> list[Any]:
    return [row.pk if row else None for row in rows]
