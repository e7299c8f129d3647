"""Credit given by the house: grants."""

from __future__ import annotations

import uuid
from datetime import datetime

from accounts import audit
from accounts.models import Action, Team
from billing import ledger
from billing.models import AccountKind, Payment, Transfer, TransferKind


def grant(
    *,
    team: Team,
    amount: int,
    actor: str,
    reason: str,
    grant_id: uuid.UUID,
    expires_at: datetime | None = None,
    payment: Payment | None = None,
    by: audit.Staff | None = None,
) -> Transfer:
    """Gives a team `amount` micro-dollars, once per grant_id. The caller holds the transaction.

    What of it is unspent at `expires_at` expires (billing/expiries.py). `payment` is the purchase that it is the
    bonus of.

    The team's log says who (`actor`: a program of ours, or `staff:<id>`, then `by` is them) and how much, once. The
    reason is the house's own and stays inside the ledger."""
    ledger.open_wallet(team)
    wallet = ledger.lock_wallet(team.pk)
    key = f"grant:{grant_id.hex}"
    known = Transfer.objects.filter(key=key).exists()  # the wallet's lock lets nobody in between
    transfer = ledger.post(
        key=key,
        kind=TransferKind.GRANT,
        debit=ledger.house(AccountKind.GRANTS),
        credit=wallet.available,
        amount=amount,
        actor=actor,
        reason=reason,
        expires_at=expires_at,
        payment=payment,
    )
    if not known:
        audit.record(
            Action.CREDIT_GRANTED,
            by=by or actor,
            team=team,
            target=team.public_id,
            target_name=team.name,
            data={"amount": amount},
        )
    return transfer
