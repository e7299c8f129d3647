"""What a team reads of its payments: the list, and one payment with all that happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Team
from billing import refunds
from billing.models import (
    Dispute,
    DisputeStatus,
    Failure,
    Lot,
    LotKind,
    Origin,
    Payment,
    PaymentStatus,
    Refund,
    RefundStatus,
    Transfer,
)
from project import db
from project.money import dollars
from project.paging import Page, Window, page_of_rows, read_key

HEARD = {
    "webhook": "Stripe told us",
    "return": "seen when you came back from Stripe",
    "sweep": "we looked it up at Stripe",
    "charge": "the saved card was charged",
}
DISPUTED = {
    DisputeStatus.WON: ("good", "The dispute was won"),
    DisputeStatus.LOST: ("bad", "The dispute was lost, the bank took the money back"),
    DisputeStatus.DROPPED: ("", "The inquiry ended, nothing was taken"),
}


@dataclass(frozen=True)
class Step:
    """One thing that happened. `tone` is good, bad, wait or empty; `at` None means that it has not ended yet."""

    at: datetime
    text: str
    detail: str = ""
    tone: str = ""


def payments(team: Team, window: Window) -> Page[Payment]:
    """A page of a team's payments, newest first. Raises Invalid for a place of another list."""
    rows = Payment.objects.filter(team=team).select_related("membership__user")
    values = read_key(window, int)
    return page_of_rows(
        rows, window, fields=["pk"], values=values, newest_first=True, key_of=lambda row: (str(row.pk),)
    )


def lots(payment: Payment) -> list[Lot]:
    """Where the credit is that was bought by it, and what was granted with it: the purchase first."""
    found = Lot.objects.filter(transfer__payment=payment).order_by("id")
    return sorted(found, key=lambda lot: lot.kind != LotKind.PURCHASE)


def transfers(payment: Payment) -> list[Transfer]:
    """All that moved because of it, the oldest first."""
    return list(payment.transfers.select_related("debit", "credit", "lot").order_by("pk"))


def timeline(payment: Payment) -> list[Step]:
    """All that happened, the oldest first."""
    steps: list[Step] = []
    if payment.paid_at:
        heard = HEARD.get(payment.credited_by, "")
        steps.append(Step(payment.paid_at, f"Paid, credit given: {dollars(payment.amount)}", heard, "good"))
        if payment.bonus:
            steps.append(Step(payment.paid_at, f"Bonus granted: {dollars(payment.bonus)}", "", "good"))
    for refund in payment.refunds.order_by("pk"):
        steps += _of_refund(refund)
    for dispute in payment.disputes.order_by("pk"):
        steps += _of_dispute(dispute)
    if payment.status == PaymentStatus.FAILED and payment.ended_at:
        steps.append(Step(payment.ended_at, "Not paid", Failure(payment.failure).label, "bad"))
    return [Step(payment.created_at, _started(payment)), *sorted(steps, key=lambda step: step.at)]


def refund_until(payment: Payment) -> datetime | None:
    """Until when the team may ask for money back by itself; None where there is none to ask for, or no more time."""
    until = refunds.may_ask_until(payment)
    if payment.status != PaymentStatus.PAID or until is None or until <= db.now() or not refunds.refundable(payment):
        return None
    return until


def refunds_of(payment: Payment) -> list[Refund]:
    """Its refunds, the oldest first."""
    return list(payment.refunds.order_by("pk"))


def disputes_of(payment: Payment) -> list[Dispute]:
    """Its disputes, the oldest first."""
    return list(payment.disputes.order_by("pk"))


def _started(payment: Payment) -> str:
    return "Automatic recharge began" if payment.origin == Origin.AUTO else "Started"


def _of_refund(refund: Refund) -> list[Step]:
    amount = dollars(refund.amount)
    steps = [Step(refund.created_at, f"Refund of {amount} asked for", "Its credit is taken back.", "wait")]
    if refund.ended_at and refund.status == RefundStatus.SUCCEEDED:
        steps.append(Step(refund.ended_at, f"Refund of {amount} paid out", "", "good"))
    if refund.ended_at and refund.status == RefundStatus.FAILED:
        steps.append(Step(refund.ended_at, f"Refund of {amount} failed", "Its credit is given back.", "bad"))
    return steps


def _of_dispute(dispute: Dispute) -> list[Step]:
    amount = dollars(dispute.amount)
    detail = "Of its credit, what was unspent is frozen until the bank decides."
    steps = [Step(dispute.opened_at, f"Disputed at the bank: {amount}", detail, "wait")]
    if dispute.ended_at:
        tone, text = DISPUTED[DisputeStatus(dispute.status)]
        steps.append(Step(dispute.ended_at, text, "", tone))
    return steps
