"""Money that moved at other times than now: things happen by the real services, then their entries are put into the
past, and the totals of the days are made anew from them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from accounts.models import ApiKey, Membership, Team
from billing import credits, holds, ledger
from billing.models import Account, AccountKind, Hold, HoldState, Lot, LotKind, Payment, Transfer, TransferKind
from project import db
from tests.billing.purchases import bought

_TOTALS = """
set local session_replication_role = replica;
delete from billing_daytotal; delete from billing_spendday;
insert into billing_daytotal (team_id, day, kind, amount, count)
  select a.team_id, (e.created_at at time zone 'UTC')::date, t.kind, abs(sum(e.delta)), count(*)
  from billing_entry e join billing_account a on a.id = e.account_id join billing_transfer t on t.id = e.transfer_id
  where a.kind in ('available', 'held') and t.kind not in ('hold', 'release') group by 1, 2, 3;
insert into billing_spendday (team_id, day, membership_id, api_key_id, subject, amount, count)
  select h.team_id, (e.created_at at time zone 'UTC')::date, h.membership_id, h.api_key_id, h.subject, sum(t.amount),
    count(*)
  from billing_transfer t join billing_hold h on h.id = t.hold_id
  join billing_entry e on e.transfer_id = t.id and e.account_id = t.debit_id
  where t.kind = 'capture' group by 1, 2, 3, 4, 5;
set local session_replication_role = origin
"""


def transfers_of(team: Team) -> list[int]:
    """The transfers that touch a team's accounts, in their order."""
    rows = Transfer.objects.filter(entries__account__team=team).order_by("id").values_list("id", flat=True)
    return list(dict.fromkeys(rows))


def put(moments: Sequence[tuple[int, datetime]]) -> None:
    """Puts the entries of transfers at these moments (which keep the transfers' order)."""
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.executemany(
            "update billing_entry set created_at = %s where transfer_id = %s", [(at, pk) for pk, at in moments]
        )
    retotal()


def retotal() -> None:
    """Makes the totals of the days anew from the entries."""
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS)


def spread(team: Team, gaps: Sequence[timedelta]) -> list[datetime]:
    """Puts the team's transfers so far apart, the last of them an hour ago. Returns the moments; the gaps are used in
    turn."""
    found = transfers_of(team)
    at, moments = db.now() - timedelta(hours=1), []
    for place, pk in enumerate(reversed(found)):
        moments.append((pk, at))
        at -= gaps[place % len(gaps)]
    put(moments)
    return [moment for _, moment in reversed(moments)]


@dataclass
class Life:
    """Whatever can happen to a team's credit; what cannot happen now is passed over."""

    team: Team
    frozen: list[Transfer] = field(default_factory=list)
    taken: list[Transfer] = field(default_factory=list)

    def do(self, what: str, amount: int) -> None:
        getattr(self, what)(amount)

    def grant(self, amount: int) -> None:
        credits.grant(team=self.team, amount=amount, actor="test", reason="test", grant_id=uuid.uuid4())

    def buy(self, amount: int) -> None:
        bought(self.team, (amount // 10_000 + 1) * 10_000, bonus=amount % 7_000)

    def hold(self, amount: int, who: Membership | ApiKey | None = None, subject: str = "") -> Hold | None:
        amount = min(amount, ledger.wallet(self.team.pk).available.balance)
        if not amount:
            return None
        return holds.hold(
            team=self.team,
            reference=f"test_{uuid.uuid4().hex}",
            amount=amount,
            expires_at=db.now() + timedelta(hours=1),
            actor="test",
            membership=who if isinstance(who, Membership) else None,
            api_key=who if isinstance(who, ApiKey) else None,
            subject=subject,
        )

    def settle(self, amount: int) -> None:
        row = Hold.objects.filter(team=self.team, state=HoldState.OPEN).order_by("created_at", "id").first()
        if row is not None:
            holds.settle(hold_id=row.pk, capture=amount % (row.amount + 1), actor="test", reason="test")

    def expire(self, amount: int) -> None:
        self._take(TransferKind.EXPIRY, LotKind.GRANT, AccountKind.GRANTS, amount)

    def reverse(self, amount: int) -> None:
        found = self._take(TransferKind.REVERSAL, LotKind.PURCHASE, AccountKind.STRIPE, amount)
        self.taken += [found] if found else []

    def freeze(self, amount: int) -> None:
        ledger.open_frozen(self.team)
        found = self._take(TransferKind.FREEZE, LotKind.PURCHASE, AccountKind.FROZEN, amount)
        self.frozen += [found] if found else []

    def unfreeze(self, amount: int) -> None:
        if self.frozen:
            self._end(TransferKind.UNFREEZE, self.frozen.pop(), AccountKind.FROZEN, AccountKind.AVAILABLE)

    def lose(self, amount: int) -> None:
        if self.frozen:
            self._end(TransferKind.REVERSAL, self.frozen.pop(), AccountKind.FROZEN, AccountKind.STRIPE)

    def restore(self, amount: int) -> None:
        if self.taken:
            self._end(TransferKind.RESTORE, self.taken.pop(), AccountKind.STRIPE, AccountKind.AVAILABLE)

    def _take(self, kind: TransferKind, of: LotKind, to: AccountKind, amount: int) -> Transfer | None:
        lot = Lot.objects.filter(team=self.team, kind=of, unspent__gt=0).order_by("id").first()
        if lot is None:
            return None
        return ledger.post(
            key=f"test:{uuid.uuid4().hex}",
            kind=kind,
            debit=self.account(AccountKind.AVAILABLE),
            credit=self.account(to),
            amount=min(amount, lot.unspent),
            lot=lot,
            payment=_payment(lot) if kind == TransferKind.REVERSAL else None,
            actor="test",
            reason="test",
        )

    def _end(self, kind: TransferKind, of: Transfer, debit: AccountKind, credit: AccountKind) -> None:
        ledger.post(
            key=f"test:{uuid.uuid4().hex}",
            kind=kind,
            debit=self.account(debit),
            credit=self.account(credit),
            amount=of.amount,
            lot=of.lot,
            follows=of,
            actor="test",
            reason="test",
        )

    def account(self, kind: AccountKind) -> Account:
        """The team's account of this kind, or the house's."""
        if kind in (AccountKind.AVAILABLE, AccountKind.HELD, AccountKind.FROZEN):
            return Account.objects.get(team=self.team, kind=kind)
        return ledger.house(kind)


def _payment(lot: Lot) -> Payment | None:
    return lot.transfer.payment
