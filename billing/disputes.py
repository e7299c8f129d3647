"""Payments that their card's holder contests (issue 4, point 3).

Open, a dispute freezes the credit of the disputed amount; won, it gives all of it back; lost, it takes it. What was
spent meanwhile is written off and restricts the team (takings.py). Whatever order Stripe tells it in, it ends alike:
a dispute that is first seen when it is lost takes at once what an open one would have frozen.
"""

from __future__ import annotations

import logging

from accounts import audit, managers
from accounts.audit import SYSTEM
from accounts.models import Action
from accounts.notify import mail
from billing import claims, recharges, takings
from billing.models import Dispute, DisputeStatus, Payment, StopReason
from billing.stripe_seen import DisputeSeen, PaymentSeen
from project import db

log = logging.getLogger(__name__)


def apply(*, payment: Payment, seen: PaymentSeen) -> None:
    """Brings our disputes to what was seen at Stripe. The caller holds the transaction and the payment's lock, and has
    credited the payment. A dispute ends once: what was seen earlier changes nothing that was seen later."""
    if not seen.disputes or claims.lots_of(payment)[0] is None:
        return
    changed = False
    for each in sorted(seen.disputes, key=lambda each: each.id):
        row = Dispute.objects.select_for_update(no_key=True).filter(stripe_id=each.id).first()
        if row is not None and row.payment_id != payment.pk:
            raise ValueError(f"the dispute {each.id} is of another payment")
        changed |= _open(payment, each) if row is None else _advance(row, payment, each)
    if changed:
        takings.settle(payment.team)


def _open(payment: Payment, seen: DisputeSeen) -> bool:
    """A dispute that we did not know; it may have ended already."""
    ended = seen.status != DisputeStatus.OPEN
    row = Dispute.objects.create(
        payment=payment,
        team=payment.team,
        stripe_id=seen.id,
        amount=seen.amount,
        status=seen.status,
        ended_at=db.now() if ended else None,
    )
    _record(Action.DISPUTE_OPENED, row, payment, {"amount": row.amount, "payment": payment.public_id})
    if ended:
        _tell_end(row, payment)
    else:
        _mail("payment_disputed", row, payment)
    if row.status in (DisputeStatus.OPEN, DisputeStatus.LOST):
        recharges.stop(team=payment.team, reason=StopReason.DISPUTED)
    return True


def _advance(row: Dispute, payment: Payment, seen: DisputeSeen) -> bool:
    """An open one may change its amount, and may end. Returns whether anything changed."""
    if row.status != DisputeStatus.OPEN or (row.status, row.amount) == (seen.status, seen.amount):
        if row.status not in (seen.status, DisputeStatus.OPEN) and seen.status != DisputeStatus.OPEN:
            log.error("the dispute %s ended %s and is now seen %s", seen.id, row.status, seen.status)
        return False
    row.status, row.amount = seen.status, seen.amount
    if row.status != DisputeStatus.OPEN:
        row.ended_at = db.now()
    row.save(update_fields=["status", "amount", "ended_at"])
    if row.status != DisputeStatus.OPEN:
        _tell_end(row, payment)
    return True


def _tell_end(row: Dispute, payment: Payment) -> None:
    data = {"amount": row.amount, "payment": payment.public_id, "outcome": str(row.status)}
    _record(Action.DISPUTE_ENDED, row, payment, data)
    _mail("dispute_ended", row, payment)


def _record(action: Action, row: Dispute, payment: Payment, data: dict[str, object]) -> None:
    team = payment.team
    audit.record(action, by=SYSTEM, team=team, target=team.public_id, target_name=team.name, data=data)


def _mail(template: str, row: Dispute, payment: Payment) -> None:
    for user in managers.of_money(payment.team):
        mail(to=user.email, template=template, context={"team": payment.team, "dispute": row, "payment": payment})
