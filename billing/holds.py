"""Holds: set credit aside, then capture what was used and release the rest, once (invariants.md H1-H8).

Lock order (invariants.md section 3): budgets by id, then the team's accounts by id, then the hold.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError

from accounts.models import ApiKey, Membership, Team
from billing import budget_warnings, budgets, freezes, ledger, restrictions, shortages
from billing.models import AccountKind, Hold, HoldState, TransferKind
from project.db import broken_rule

REFUSALS = {restrictions.RULE: restrictions.refusal, freezes.RULE: freezes.refusal}  # by the trigger that refuses


def hold(
    *,
    team: Team,
    reference: str,
    amount: int,
    expires_at: datetime,
    actor: str,
    membership: Membership | None = None,
    api_key: ApiKey | None = None,
    subject: str = "",
) -> Hold:
    """Sets `amount` micro-dollars of a team aside for `reference`, against the budgets of the member and the key.

    `subject` is what the money is for, in the totals of what was spent (a model's slug). Raises PaymentRequired when
    a budget or the wallet does not allow it, Forbidden for a restricted team (`team_restricted`) or a frozen wallet
    (`wallet_frozen`); then nothing is written. The caller holds the transaction, and gives it up after either."""
    taken = budgets.take(team=team, membership=membership, api_key=api_key, amount=amount)
    wallet = ledger.open_and_lock(team)
    if wallet.available.balance < amount:
        freezes.require_none(team)
        restrictions.require_none(team)
        raise shortages.refusal([shortages.of_wallet(team, wallet)], needed=amount)
    try:
        row = Hold.objects.create(
            reference=reference,
            team=team,
            amount=amount,
            expires_at=expires_at,
            membership=membership,
            api_key=api_key,
            subject=subject,
        )
    except IntegrityError as error:
        rule = broken_rule(error)
        if rule in REFUSALS:
            raise REFUSALS[rule]() from error
        raise
    ledger.post(
        key=f"hold:{reference}",
        kind=TransferKind.HOLD,
        debit=wallet.available,
        credit=wallet.held,
        amount=amount,
        hold=row,
        actor=actor,
        reason="held",
    )
    budgets.bind(hold=row, taken=taken, amount=amount)
    budget_warnings.send(taken)
    return row


def require_room(*, team: Team, membership: Membership | None, api_key: ApiKey | None, amount: int) -> None:
    """Raises what `hold` would raise for `amount` in one piece: for many holds that are to be had all or none. Locks
    what they will lock, in the same order; writes nothing."""
    budgets.require_room(team=team, membership=membership, api_key=api_key, amount=amount)
    wallet = ledger.open_and_lock(team)
    if wallet.available.balance < amount:
        freezes.require_none(team)
        restrictions.require_none(team)
        raise shortages.refusal([shortages.of_wallet(team, wallet)], needed=amount)


def settle(*, hold_id: UUID, capture: int, actor: str, reason: str) -> Hold:
    """Captures `capture` micro-dollars (0 for none) of an open hold and releases the rest. A settled hold is left
    as it is and returned: both movements happen once. The caller holds the transaction and the generation's lock."""
    found = Hold.objects.select_related("team").get(pk=hold_id)
    budgets.lock_of(found)
    wallet = ledger.lock_wallet(found.team_id)
    row = Hold.objects.select_for_update(no_key=True).get(pk=hold_id)
    if row.state != HoldState.OPEN:
        return row
    if not 0 <= capture <= row.amount:
        raise ValueError("a capture is between nothing and the whole hold")
    if capture:
        ledger.post(
            key=f"capture:{row.reference}",
            kind=TransferKind.CAPTURE,
            debit=wallet.held,
            credit=ledger.house(AccountKind.REVENUE),
            amount=capture,
            hold=row,
            actor=actor,
            reason=reason,
        )
    if capture < row.amount:
        ledger.post(
            key=f"release:{row.reference}",
            kind=TransferKind.RELEASE,
            debit=wallet.held,
            credit=wallet.available,
            amount=row.amount - capture,
            hold=row,
            actor=actor,
            reason=reason,
        )
    budgets.settle(hold=row, used=capture)
    row.refresh_from_db()
    return row
