"""Pages that show payments: the list, one payment with all that happened to it, its receipt."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import roles
from accounts.pages import MemberRequest, member_page
from billing import access, payment_queries, payment_receipts, payment_states
from billing.models import Payment, PaymentStatus
from project import pdf
from project.errors import Problem
from project.paging import Side, Window

LINES = 25


@member_page(roles.BILLING)
@require_safe
def payments_of_team(request: MemberRequest) -> HttpResponse:
    """A page of the list; `older` and `newer` in the address are places in it."""
    side: Side = "newer" if "newer" in request.GET else "older"
    place = request.GET.get(side)
    page = payment_queries.payments(request.actor.team, Window(LINES, side, (place,) if place else None))
    context = {
        "rows": page.rows,
        "newer": urlencode({"newer": page.newer[0]}) if page.newer else "",
        "older": urlencode({"older": page.older[0]}) if page.older else "",
        "buying": bool(settings.STRIPE.key),
    }
    return render(request, "billing/payments.html", context)


@member_page(roles.BILLING)
@require_safe
def payment(request: MemberRequest, public_id: str) -> HttpResponse:
    """One payment and all that happened to it."""
    return payment_page(request, access.payment(request.actor, public_id))


def payment_page(request: MemberRequest, row: Payment, problem: Problem | None = None) -> HttpResponse:
    """The page, with what was refused above it."""
    context = {**_context(request, row), "problem": problem}
    return render(request, "billing/payment.html", context, status=problem.status if problem else 200)


def _context(request: MemberRequest, row: Payment) -> dict[str, Any]:
    return {
        "row": row,
        "steps": payment_queries.timeline(row),
        "lots": payment_queries.lots(row),
        "transfers": payment_queries.transfers(row),
        "pending": row.status == PaymentStatus.PENDING,
        "refund_until": payment_queries.refund_until(row),
        "back": payment_states.refunded(row),
        "contested": payment_states.contested(row),
        "buying": bool(settings.STRIPE.key),
    }


@member_page(roles.BILLING)
@require_safe
def payment_live(request: MemberRequest, public_id: str) -> HttpResponse:
    """Nothing while it is pending still; the whole of it when it is not."""
    row = access.payment(request.actor, public_id)
    if row.status == PaymentStatus.PENDING:
        return HttpResponse(status=204)
    return render(request, "billing/payment.html#body", {**_context(request, row), "live": True})


@member_page(roles.BILLING)
@require_safe
def payment_receipt(request: MemberRequest, public_id: str) -> HttpResponse:
    """The receipt to read and print. NotFound while nothing was paid."""
    found = payment_receipts.receipt(access.payment(request.actor, public_id))
    return render(request, "billing/payment_receipt.html", {"receipt": found, "row": found.payment})


@member_page(roles.BILLING)
@require_safe
def payment_receipt_pdf(request: MemberRequest, public_id: str) -> HttpResponse:
    """The same as a PDF."""
    found = payment_receipts.receipt(access.payment(request.actor, public_id))
    return pdf.response(payment_receipts.document(found), filename=f"{found.number}.pdf")
