"""The team's own refund, within a day of buying: what it would do, and the button that does it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts import roles
from accounts.forms_teams import tell
from accounts.pages import MemberRequest, member_page
from billing import access, refunds
from billing.forms_refunds import RefundForm
from billing.models import Payment
from project import db
from project.errors import Problem
from project.money import dollars


@member_page(roles.BILLING, fresh=True)
@require_http_methods(["GET", "HEAD", "POST"])
def refund(request: MemberRequest, public_id: str) -> HttpResponse:
    """GET says what can be refunded and what becomes of the bonus; POST refunds the whole or a part."""
    payment = access.payment(request.actor, public_id)
    most = refunds.refundable(payment)
    if request.method != "POST":
        return _page(request, payment, RefundForm(most=most), most)
    form = RefundForm(request.POST, most=most)
    if not form.is_valid():
        return _page(request, payment, form, most, status=422)
    amount = form.cleaned_data["amount"]
    try:
        refunds.ask(payment=payment, amount=amount, actor=request.actor, reason="", source="page")
    except Problem as problem:
        return _page(request, payment, form, refunds.refundable(payment), status=tell(form, problem))
    messages.success(request, f"{dollars(amount)} goes back to where it was paid from. Banks take up to 10 days.")
    return redirect("payment", public_id)


def _page(request: MemberRequest, payment: Payment, form: RefundForm, most: int, *, status: int = 200) -> HttpResponse:
    until = refunds.may_ask_until(payment)
    bonus, withheld = refunds.bonus_taken_by(payment)
    context = {
        "row": payment,
        "form": form,
        "most": most,
        "bonus": bonus,
        "withheld": withheld,
        "until": until,
        "over": until is None or until <= db.now(),
    }
    return render(request, "billing/refund.html", context, status=status)
