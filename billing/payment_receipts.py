"""The receipt of a payment: the same facts on a page and in a PDF.

Everything on it is frozen with the payment, but what came back later: refunds and what a bank took.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings

from billing import details, payment_states, words
from billing.details import Details
from billing.models import CREDITED, Payment, RefundStatus
from project import pdf
from project.errors import NotFound
from project.money import credits, dollars
from project.templatetags.pages import grouped

SELLER = "Framehouse"


@dataclass(frozen=True)
class Line:
    """One row of the receipt, as text."""

    what: str
    credit: str
    amount: str


@dataclass(frozen=True)
class Receipt:
    """A paid payment. `facts` are pairs of a name and a text; `net` is what was paid and not paid back."""

    payment: Payment
    number: str
    seller: tuple[str, str]
    buyer: Details
    team: str
    facts: list[tuple[str, str]]
    lines: list[Line]
    net: str


def number(payment: Payment) -> str:
    """`FH-2026-000123`: of the year in which it was paid. Payments that nobody paid leave gaps."""
    assert payment.paid_at is not None, "only what was paid has a receipt"
    return f"FH-{payment.paid_at:%Y}-{payment.pk:06d}"


def receipt(payment: Payment) -> Receipt:
    """Raises NotFound while nothing was paid."""
    if payment.status not in CREDITED or payment.paid_at is None:
        raise NotFound("There is a receipt once it is paid.")
    buyer = details.thawed(payment.invoice)
    team = str(payment.invoice.get("team") or payment.team.name)
    facts = [
        ("Number", number(payment)),
        ("Paid", _when(payment.paid_at)),
        ("Payment", payment.public_id),
        ("Paid with", payment.card or "not known"),
        ("Currency", payment.currency.upper()),
    ]
    back = payment_states.refunded(payment) + payment_states.lost(payment)
    return Receipt(
        payment=payment,
        number=number(payment),
        seller=(SELLER, settings.SITE_URL),
        buyer=buyer,
        team=team,
        facts=facts,
        lines=_lines(payment),
        net=dollars(payment.amount - back),
    )


def document(found: Receipt) -> bytes:
    """The receipt as a PDF: the same bytes as long as nothing more is paid back."""
    paid_at = found.payment.paid_at
    assert paid_at is not None
    team = [("Team", found.team)]
    buyer = [("Tax id", found.buyer.tax_id)] if found.buyer.tax_id else []
    to = [("To", ", ".join(found.buyer.lines))] if found.buyer.lines else []
    mail = [("E-mail", found.buyer.email)] if found.buyer.email else []
    return pdf.document(
        title="Receipt",
        subtitle=found.number,
        made_at=paid_at,
        parts=[
            pdf.Facts([("From", ", ".join(found.seller)), *to, *team, *mail, *buyer]),
            pdf.Heading("Payment"),
            pdf.Facts(found.facts),
            pdf.Heading("What was paid"),
            pdf.Grid(
                head=["What", "Credit", "Amount"],
                rows=[[line.what, line.credit, line.amount] for line in found.lines],
                right=[1, 2],
                total=["Paid and not paid back", "", found.net],
            ),
            pdf.Note("One credit is $0.005. All times are UTC."),
        ],
        footer=f"Receipt {found.number} of {found.payment.public_id}",
    )


def _lines(payment: Payment) -> list[Line]:
    lines = [Line("Credit bought", _credits(payment.amount), dollars(payment.amount))]
    if payment.bonus:
        lines.append(Line("Bonus, granted with it", _credits(payment.bonus), dollars(0)))
    for refund in payment.refunds.order_by("pk"):
        how = words.REFUNDS[refund.status]
        gone = refund.status != RefundStatus.FAILED
        when = _when(refund.ended_at or refund.created_at)
        lines.append(Line(f"Refund, {how} ({when})", "", f"−{dollars(refund.amount)}" if gone else dollars(0)))
    for dispute in payment.disputes.order_by("pk"):
        if dispute.status == "lost":
            when = _when(dispute.ended_at or dispute.opened_at)
            lines.append(Line(f"Taken back by the bank after a dispute ({when})", "", f"−{dollars(dispute.amount)}"))
    return lines


def _credits(amount: int) -> str:
    return grouped(credits(amount))


def _when(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
