"""Buying credit: the page with the packs, the way to Stripe and back, and giving a payment up."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import roles
from accounts.forms_teams import tell
from accounts.pages import MemberRequest, member_page
from billing import access, details, payments
from billing.forms_payments import TopUpForm, wanted
from billing.models import PaymentStatus
from billing.views_payments import payment_page
from project.errors import Conflict, Problem, Unavailable
from project.stripe_settings import STANDIN


class SeeOther(HttpResponseRedirect):
    """After a form: whatever it was sent by, what comes next is fetched."""

    status_code = 303


@member_page(roles.BILLING)
@require_http_methods(["GET", "HEAD", "POST"])
def top_up(request: MemberRequest) -> HttpResponse:
    """Packs and a free amount; `?amount=` fills one in. POST starts a payment and leads to Stripe's page."""
    if request.method != "POST":
        return _top_up(request, TopUpForm(amount=wanted(request.GET.get("amount", ""))))
    form = TopUpForm(request.POST)
    if not settings.STRIPE.key:
        return _top_up(request, form, status=Unavailable.status)
    if not form.is_valid():
        return _top_up(request, form, status=422)
    data = form.cleaned_data
    try:
        payment = payments.start(by=request.actor, amount=data["amount"], save_card=data["save_card"])
        return SeeOther(payments.open_checkout(payment))
    except Problem as problem:
        return _top_up(request, form, status=tell(form, problem))


def _top_up(request: MemberRequest, form: TopUpForm, *, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "details": details.of(request.actor.team),
        "buying": bool(settings.STRIPE.key),
        "play_money": play_money(),
    }
    return render(request, "billing/top_up.html", context, status=status)


def play_money() -> bool:
    """Whether cards are the stand-in's: nothing is charged."""
    return settings.STRIPE.key.startswith(STANDIN)


@member_page(roles.BILLING)
@require_GET
def payment_return(request: MemberRequest, public_id: str) -> HttpResponse:
    """Where Stripe sends the buyer: looks the payment up there, whatever the address says, and shows it."""
    row = access.payment(request.actor, public_id)
    if request.actor.viewer is None:  # staff who look change nothing, not even by looking
        payments.converge(row.pk, by="return")
    return redirect("payment", row.public_id)


@member_page(roles.BILLING)
@require_POST
def payment_pay(request: MemberRequest, public_id: str) -> HttpResponse:
    """Back to Stripe's page of a payment that waits."""
    row = access.payment(request.actor, public_id)
    try:
        return SeeOther(payments.open_checkout(row))
    except Conflict as problem:
        row = access.payment(request.actor, public_id)
        if row.status != PaymentStatus.PENDING:  # it came to its end meanwhile: the page says which
            return redirect("payment", row.public_id)
        return payment_page(request, row, problem)
    except Problem as problem:
        return payment_page(request, row, problem)


@member_page(roles.BILLING)
@require_POST
def payment_cancel(request: MemberRequest, public_id: str) -> HttpResponse:
    """Nobody can pay it any more."""
    row = access.payment(request.actor, public_id)
    try:
        payments.cancel(row, by=request.actor)
    except Problem as problem:
        return payment_page(request, access.payment(request.actor, public_id), problem)
    messages.success(request, "The payment is canceled. Nothing was charged.")
    return redirect("payment", row.public_id)
