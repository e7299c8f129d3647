"""Granted credit expires: what of a grant is unspent at its end goes back to the house, never what is held.

A lot whose holds are released after its end has unspent credit again, and the next sweep takes that too. Until the
sweep has come the credit can still be spent: a minute to the team's advantage.
"""

from __future__ import annotations

from functools import partial

from django.db.models import QuerySet
from django.db.models.functions import Now

from billing import ledger
from billing.models import AccountKind, Lot, TransferKind
from project import db

ROUND = 200  # lots that one call expires


def expire() -> int:
    """Expires what is due. Returns how many lots. Idempotent and safe beside itself."""
    return sum(db.in_transaction(partial(_expire, pk)) for pk in _due().values_list("pk", flat=True)[:ROUND])


def _due() -> QuerySet[Lot]:
    return Lot.objects.filter(unspent__gt=0, expires_at__lte=Now()).order_by("expires_at", "id")


def _expire(pk: int) -> int:
    """One lot, under its team's wallet: nobody holds of it meanwhile."""
    wallet = ledger.lock_wallet(Lot.objects.values_list("team_id", flat=True).get(pk=pk))
    lot = _due().filter(pk=pk).first()
    if lot is None:
        return 0
    ledger.post(
        key=f"expiry:{lot.pk}:{lot.expired}",  # what has expired before tells a second expiry from the first again
        kind=TransferKind.EXPIRY,
        debit=wallet.available,
        credit=ledger.house(AccountKind.GRANTS),
        amount=lot.unspent,
        lot=lot,
        actor="sweep",
        reason="expired",
    )
    return 1
