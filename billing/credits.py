"""Credit given by the house: grants."""

from __future__ import annotations

import uuid

from accounts.models import Team
from billing import ledger
from billing.models import AccountKind, Transfer, TransferKind


def grant(*, team: Team, amount: int, actor: str, reason: str, grant_id: uuid.UUID) -> Transfer:
    """Gives a team `amount` micro-dollars, once per grant_id. The caller holds the transaction."""
    ledger.open_wallet(team)
    wallet = ledger.lock_wallet(team.pk)
    return ledger.post(
        key=f"grant:{grant_id.hex}",
        kind=TransferKind.GRANT,
        debit=ledger.house(AccountKind.GRANTS),
        credit=wallet.available,
        amount=amount,
        actor=actor,
        reason=reason,
    )
