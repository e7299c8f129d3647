"""The page of automatic recharge, its card, and the mail about a low balance."""

from __future__ import annotations

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import roles
from accounts.forms_teams import tell
from accounts.pages import MemberRequest, member_page
from billing import balance_watch, recharge_queries, recharges, stripe_gateway
from billing.forms_recharge import LowBalanceForm, RechargeForm
from project import db
from project.errors import Problem
from project.money import dollars


@member_page(roles.BILLING)
@require_safe
def recharge(request: MemberRequest) -> HttpResponse:
    """What is set, what happened, and the forms that change it."""
    return _page(request)


def _page(
    request: MemberRequest,
    *,
    form: RechargeForm | None = None,
    low: LowBalanceForm | None = None,
    problem: Problem | None = None,
    status: int = 200,
) -> HttpResponse:
    state = recharge_queries.state(request.actor.team)
    context = {
        "state": state,
        "form": form or RechargeForm(row=state.row),
        "low": low or LowBalanceForm(low_balance=state.low_balance),
        "problem": problem,
        "buying": stripe_gateway.is_on(),
    }
    return render(request, "billing/recharge.html", context, status=status)


@member_page(roles.BILLING, fresh=True)
@require_POST
def set_recharge(request: MemberRequest) -> HttpResponse:
    """Turns it on, or changes its amounts."""
    actor, form = request.actor, RechargeForm(request.POST)
    status = _try(form, lambda: recharges.set_up(actor=actor, **form.cleaned_data))
    if status:
        return _page(request, form=form, status=status)
    words = [dollars(form.cleaned_data[name]) for name in ("threshold", "target")]
    messages.success(request, f"Set: below {words[0]} the wallet is filled up to {words[1]}.")
    return redirect("recharge")


@member_page(roles.BILLING, fresh=True)
@require_POST
def turn_off_recharge(request: MemberRequest) -> HttpResponse:
    return _act(request, lambda: recharges.turn_off(actor=request.actor), "Automatic recharge is off.")


@member_page(roles.BILLING, fresh=True)
@require_POST
def resume_recharge(request: MemberRequest) -> HttpResponse:
    return _act(request, lambda: recharges.resume(actor=request.actor), "Automatic recharge is on again.")


@member_page(roles.BILLING, fresh=True)
@require_http_methods(["GET", "HEAD", "POST"])
def remove_card(request: MemberRequest) -> HttpResponse:
    """What removing the card does, and the button that does it."""
    if request.method == "POST":
        return _act(request, lambda: recharges.remove_card(actor=request.actor), "The card is removed.")
    return render(request, "billing/recharge_card.html", {"state": recharge_queries.state(request.actor.team)})


@member_page(roles.BILLING)
@require_POST
def set_low_balance(request: MemberRequest) -> HttpResponse:
    """When to mail about a low balance."""
    actor, form = request.actor, LowBalanceForm(request.POST)
    status = _try(
        form, lambda: balance_watch.set_low_balance(actor=actor, low_balance=form.cleaned_data["low_balance"])
    )
    if status:
        return _page(request, low=form, status=status)
    amount = form.cleaned_data["low_balance"]
    messages.success(request, f"You get a mail below {dollars(amount)}." if amount else "No mail about a low balance.")
    return redirect("recharge")


def _act(request: MemberRequest, work: Callable[[], object], done: str) -> HttpResponse:
    try:
        db.in_transaction(work)
    except Problem as problem:
        return _page(request, problem=problem, status=problem.status)
    messages.success(request, done)
    return redirect("recharge")


def _try(form: forms.Form, work: Callable[[], object]) -> int:
    """Does it in one transaction. Returns 0, or the status of the page that shows the form again."""
    if not form.is_valid():
        return 422
    try:
        db.in_transaction(work)
    except Problem as problem:
        return tell(form, problem)
    return 0
