"""Pages about budgets: all of a team's for who manages it, a member's own, asking for more, granting and declining."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import roles
from accounts.forms_teams import tell
from accounts.pages import MemberRequest, member_page
from billing import access, budget_queries, budget_raises, budget_requests, budget_rights, budgets
from billing.budget_queries import Holder
from billing.forms_budgets import WORDS, AskForm, DeclineForm, LimitForm, RaiseForm
from billing.models import BudgetRequest, RequestStatus
from project import db
from project.errors import Problem
from project.money import dollars


@member_page(roles.SEE)
@require_safe
def budgets_of_team(request: MemberRequest) -> HttpResponse:
    """Everybody's caps and open requests for who manages the team; one's own for everybody."""
    return _overview(request)


def _overview(request: MemberRequest, problem: Problem | None = None) -> HttpResponse:
    actor = request.actor
    own = budget_queries.states_of(membership=actor.membership, api_key=None)
    asked = budget_queries.requests_of(actor.membership) if actor.membership else []  # staff who look have none
    waiting = {row.budget_id for row in asked if row.status == RequestStatus.OPEN}
    context: dict[str, Any] = {
        "own": [(state, state.budget.pk in waiting) for state in own],
        "asked": asked,
        "may_ask": actor.may(roles.MAKE) and not actor.may(roles.OWN),
        "manages": actor.may(roles.MANAGE),
        "problem": problem,
    }
    if actor.may(roles.MANAGE):
        people, keys = budget_queries.holders(actor.team)
        limited = any(holder.states for holder in [*people, *keys])
        context |= {
            "people": people,
            "keys": keys,
            "limited": limited,
            "requests": budget_queries.open_requests(actor.team),
        }
    return render(request, "billing/budgets.html", context, status=problem.status if problem else 200)


@member_page(roles.MANAGE)
@require_safe
def budgets_of_holder(request: MemberRequest, public_id: str) -> HttpResponse:
    """One member's or key's caps and raises, with the forms that change them."""
    return _holder(request, access.holder(request.actor, public_id))


def _holder(
    request: MemberRequest, holder: Holder, forms: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """The page, with the form that was refused in its place: `forms` is by `<period>_limit` or `<period>_raise`."""
    known = forms or {}
    in_force = budget_queries.raises_in_force(state.budget for state in holder.states.values())
    caps = [
        {
            "period": period,
            "words": WORDS[period],
            "state": state,
            "raises": [row for row in in_force if row.budget.period == period],
            "limit": known.get(f"{period}_limit") or LimitForm(period=period, state=state),
            "raise": known.get(f"{period}_raise") or RaiseForm(period=period),
            "raising": f"{period}_raise" in known,
        }
        for period, state in holder.caps
    ]
    may_change = budget_rights.may_change(request.actor, membership=holder.membership, api_key=holder.api_key)
    context = {"holder": holder, "caps": caps, "may_change": may_change}
    return render(request, "billing/budget_holder.html", context, status=status)


@member_page(roles.MANAGE)
@require_POST
def set_budget(request: MemberRequest, public_id: str, period: str) -> HttpResponse:
    """Sets or changes a cap."""
    actor, wanted, holder = request.actor, access.period(period), access.holder(request.actor, public_id)
    form = LimitForm(request.POST, period=period)
    status = _try(
        form,
        lambda data: budgets.set_limit(
            by=actor,
            team=actor.team,
            period=wanted,
            limit=data["limit"],
            membership=holder.membership,
            api_key=holder.api_key,
        ),
    )
    if status:
        return _holder(request, holder, {f"{period}_limit": form}, status=status)
    messages.success(request, f"{holder.name} may spend {dollars(form.cleaned_data['limit'])} {WORDS[period]}.")
    return redirect("budget_holder", public_id)


@member_page(roles.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def remove_budget(request: MemberRequest, public_id: str, period: str) -> HttpResponse:
    """What removing a cap does, and the button that does it."""
    actor, wanted, holder = request.actor, access.period(period), access.holder(request.actor, public_id)
    budget, problem = access.budget(actor, public_id, period), None
    if request.method == "POST":
        try:
            db.in_transaction(
                lambda: budgets.remove_limit(
                    by=actor,
                    team=actor.team,
                    period=wanted,
                    membership=holder.membership,
                    api_key=holder.api_key,
                )
            )
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, f"Nothing limits what {holder.name} spends {WORDS[period]} any more.")
            return redirect("budget_holder", public_id)
    context = {"holder": holder, "budget": budget, "words": WORDS[period], "problem": problem}
    return render(request, "billing/budget_remove.html", context, status=problem.status if problem else 200)


@member_page(roles.MANAGE)
@require_POST
def raise_budget(request: MemberRequest, public_id: str, period: str) -> HttpResponse:
    """More of a cap until a day."""
    holder, budget = access.holder(request.actor, public_id), access.budget(request.actor, public_id, period)
    form = RaiseForm(request.POST, period=period)
    status = _try(form, lambda data: budget_raises.grant(by=request.actor, budget=budget, **data))
    if status:
        return _holder(request, holder, {f"{period}_raise": form}, status=status)
    messages.success(request, f"{holder.name} may spend {dollars(form.cleaned_data['amount'])} more.")
    return redirect("budget_holder", public_id)


@member_page(roles.MANAGE)
@require_POST
def end_raise(request: MemberRequest, public_id: str) -> HttpResponse:
    """Takes a raise back."""
    raised = access.raised(request.actor, public_id)
    whose = raised.budget.membership or raised.budget.api_key
    assert whose is not None
    db.in_transaction(lambda: budget_raises.take_back(by=request.actor, raised=raised))
    messages.success(request, f"The raise of {dollars(raised.amount)} has ended.")
    return redirect("budget_holder", whose.public_id)


@member_page(roles.MAKE)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: MemberRequest) -> HttpResponse:
    """A member asks for more of a budget of their own."""
    actor = request.actor
    states = budget_queries.states_of(membership=actor.membership, api_key=None)
    of_period = {state.budget.period: state.budget for state in states}
    status = 200
    form = AskForm(states=states, period=request.GET.get("period", ""))
    if request.method == "POST":
        form = AskForm(request.POST, states=states)
        status = _try(
            form,
            lambda data: budget_requests.ask(
                by=actor, budget=of_period[data["period"]], amount=data["amount"], reason=data["reason"]
            ),
        )
        if not status:
            messages.success(request, "Your request is with the owners and admins. You get a mail when they decide.")
            return redirect("budgets")
    context = {
        "form": form,
        "states": states,
        "owns": actor.may(roles.OWN),
        "names": budget_queries.names_of(actor.team, budget_queries.who_raise(states[0].budget)) if states else [],
    }
    return render(request, "billing/budget_ask.html", context, status=status)


@member_page(roles.MANAGE)
@require_safe
def budget_request(request: MemberRequest, public_id: str) -> HttpResponse:
    """A member's request, with the forms that decide it."""
    return _request(request, access.request(request.actor, public_id))


def _request(
    request: MemberRequest,
    row: BudgetRequest,
    *,
    grant: RaiseForm | None = None,
    decline: DeclineForm | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "row": row,
        "state": budget_queries.state(row.budget),
        "words": WORDS[row.budget.period],
        "grant": grant or RaiseForm(amount=row.amount),
        "decline": decline or DeclineForm(),
        "may_change": budget_rights.may_change(request.actor, membership=row.asked_by),
        "left_team": row.asked_by.ended_at is not None,
    }
    return render(request, "billing/budget_request.html", context, status=status)


@member_page(roles.MANAGE)
@require_POST
def grant_request(request: MemberRequest, public_id: str) -> HttpResponse:
    row, form = access.request(request.actor, public_id), RaiseForm(request.POST)
    status = _try(form, lambda data: budget_requests.grant(by=request.actor, request=row, **data))
    if status:
        return _request(request, access.request(request.actor, public_id), grant=form, status=status)
    messages.success(request, f"Granted: {dollars(form.cleaned_data['amount'])} more. They get a mail.")
    return redirect("budgets")


@member_page(roles.MANAGE)
@require_POST
def decline_request(request: MemberRequest, public_id: str) -> HttpResponse:
    row, form = access.request(request.actor, public_id), DeclineForm(request.POST)
    status = _try(form, lambda data: budget_requests.decline(by=request.actor, request=row, **data))
    if status:
        return _request(request, access.request(request.actor, public_id), decline=form, status=status)
    messages.success(request, "Declined. They get a mail with your answer.")
    return redirect("budgets")


@member_page(roles.SEE)
@require_POST
def withdraw_request(request: MemberRequest, public_id: str) -> HttpResponse:
    row = access.own_request(request.actor, public_id)
    try:
        db.in_transaction(lambda: budget_requests.withdraw(by=request.actor, request=row))
    except Problem as problem:
        return _overview(request, problem)
    messages.success(request, "Your request is withdrawn.")
    return redirect("budgets")


def _try(form: Any, work: Callable[[dict[str, Any]], object]) -> int:
    """Does it with what the form holds, in one transaction. Returns 0, or the status of the page that shows the form
    again with what was typed and what is wrong."""
    if not form.is_valid():
        return 422
    try:
        db.in_transaction(lambda: work(form.cleaned_data))
    except Problem as problem:
        return tell(form, problem)
    return 0
