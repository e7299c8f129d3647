"""Credit that was bought: a paid payment as it rests in the database, without Stripe."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import transaction

from accounts.models import Membership, Team
from billing import credits, ledger
from billing.models import AccountKind, Origin, Payment, PaymentStatus, TransferKind
from project import db


@transaction.atomic
def bought(
    team: Team, amount: int, bonus: int = 0, *, membership: Membership | None = None, card: str = "visa 4242"
) -> Payment:
    """A paid payment of `amount` micro-dollars (whole cents) with its topup, and its bonus where there is one."""
    now, intent = db.now(), f"pi_{uuid.uuid4().hex[:24]}"
    row = Payment.objects.create(
        team=team,
        membership=membership,
        origin=Origin.CHECKOUT,
        amount=amount,
        bonus=bonus,
        customer="cus_test",
        checkout_session=f"cs_test_{uuid.uuid4().hex}",
        card=card,
        next_action_at=now,
        expires_at=now + timedelta(hours=1),
    )
    ledger.open_wallet(team)
    wallet = ledger.lock_wallet(team.pk)
    ledger.post(
        key=f"stripe:{intent}",
        kind=TransferKind.TOPUP,
        debit=ledger.house(AccountKind.STRIPE),
        credit=wallet.available,
        amount=amount,
        payment=row,
        actor="test",
        reason="bought",
    )
    if bonus:
        credits.grant(team=team, amount=bonus, actor="test", reason="bonus", grant_id=row.uuid, payment=row)
    row.status, row.payment_intent, row.credited_by = PaymentStatus.PAID, intent, "webhook"
    row.paid_at, row.next_action_at, row.ended_at = now, None, now
    row.save()
    return row
