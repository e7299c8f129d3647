"""What every change of a payment shares: its lock, its status from what happened to it, when it is looked up next."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Sum

from billing.models import CREDITED, Dispute, DisputeStatus, Payment, PaymentStatus, Refund, RefundStatus

# (while it is no older than, it is looked up so often): most buyers pay within minutes, a bank takes days.
PACE = (
    (timedelta(minutes=2), timedelta(seconds=10)),
    (timedelta(minutes=15), timedelta(seconds=30)),
    (timedelta(hours=2), timedelta(minutes=3)),
    (timedelta(days=1), timedelta(minutes=15)),
)
SLOWEST = timedelta(hours=3)


def lock(payment_id: int) -> Payment:
    """The payment's row, locked and read again: before its refunds, its disputes and the wallet. The caller holds the
    transaction."""
    rows = Payment.objects.select_related("team", "membership__user")
    return rows.select_for_update(no_key=True, of=("self",)).get(pk=payment_id)


def restate(payment: Payment) -> None:
    """Makes a credited payment's status follow from its refunds and disputes. The caller holds its lock."""
    if payment.status not in CREDITED:
        return
    against_us = [DisputeStatus.OPEN, DisputeStatus.LOST]
    if Dispute.objects.filter(payment=payment, status__in=against_us).exists():
        status = PaymentStatus.DISPUTED
    else:
        status = PaymentStatus.REFUNDED if refunded(payment) == payment.amount else PaymentStatus.PAID
    if payment.status != status:
        payment.status = status
        payment.save(update_fields=["status"])


def contested(payment: Payment) -> bool:
    """Whether the bank has not decided yet about a dispute."""
    return Dispute.objects.filter(payment=payment, status=DisputeStatus.OPEN).exists()


def refunded(payment: Payment) -> int:
    """Micro-dollars that went back by refunds, or are on their way."""
    going = Refund.objects.filter(payment=payment).exclude(status=RefundStatus.FAILED)
    return going.aggregate(all=Sum("amount"))["all"] or 0


def lost(payment: Payment) -> int:
    """Micro-dollars that the bank took back after disputes."""
    gone = Dispute.objects.filter(payment=payment, status=DisputeStatus.LOST)
    return gone.aggregate(all=Sum("amount"))["all"] or 0


def next_look(payment: Payment, now: datetime) -> datetime:
    """When a pending payment is looked up again: often while somebody may just be paying, seldom later."""
    age = now - payment.created_at
    return now + next((pause for until, pause in PACE if age < until), SLOWEST)
