"""The desk of reconciliation: verdicts on charges, what was billed and never charged, balances."""

from __future__ import annotations

from datetime import UTC

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.forms_teams import tell
from generations.oversight import balance_pages, bills, cases, reconciled, top_ups
from generations.staff.desk import StaffRequest, show, staff_page
from generations.staff.exports import csv_of, money, money_heads
from generations.staff.forms_reconciliation import PeriodForm, TopUpForm
from project import db, params
from project.errors import NotFound, Problem
from project.times import stamp

DESK = "reconciliation"
PARAMETERS = frozenset({"from", "to", "provider"})
SHOWN = 200  # rows of a list on the page; the file has all
READINGS = 48


@staff_page("see_costs")
@require_safe
def front(request: StaffRequest) -> HttpResponseBase:
    """What the providers charged beside what was expected, by provider and verdict."""
    form = _asked(request)
    if not form.is_valid():
        return show(request, "staff/reconciliation.html", {"form": form}, desk=DESK, status=422)
    scope = form.scope
    count, amount = reconciled.never_charged_total(scope)
    doubtful, at_risk = reconciled.at_risk(scope)
    context = {
        "form": form,
        "query": form.query,
        "found": reconciled.by_verdict(scope),
        "never_count": count,
        "never_amount": amount,
        "doubtful": doubtful,
        "at_risk": at_risk,
        "open_cases": cases.listed(cases.Filters(state="open")).count(),
        "balances": balance_pages.at_providers(),
    }
    return show(request, "staff/reconciliation.html", context, desk=DESK)


@staff_page("see_costs", "export_costs")
@require_GET
def front_csv(request: StaffRequest) -> HttpResponseBase:
    """The same table as a file."""
    form = _asked(request)
    if not form.is_valid():
        return show(request, "staff/reconciliation.html", {"form": form}, desk=DESK, status=422)
    header = ["provider", "verdict", "count", *money_heads("expected", "actual", "difference", "at_risk")]
    rows = [
        (row.provider, row.verdict, row.count, *money(row.expected, row.actual, row.difference, row.at_risk))
        for row in reconciled.by_verdict(form.scope)
    ]
    return csv_of(request, name="reconciliation", header=header, batches=[rows], about=form.scope.words)


@staff_page("see_costs")
@require_safe
def tasks(request: StaffRequest, which: str) -> HttpResponseBase:
    """One list of tasks: billed and never charged, theirs only, ours only."""
    title, form = _title(which), _asked(request)
    context: dict[str, object] = {"form": form, "title": title, "which": which, "limit": SHOWN}
    if not form.is_valid():
        return show(request, "staff/reconciliation_tasks.html", context, desk=DESK, status=422)
    rows, count, amount = reconciled.listed(which, form.scope, most=SHOWN)
    context |= {"query": form.query, "rows": rows, "count": count, "amount": amount}
    context |= dict(zip(("doubtful", "at_risk"), reconciled.at_risk(form.scope), strict=True))
    return show(request, "staff/reconciliation_tasks.html", context, desk=DESK)


@staff_page("see_costs", "export_costs")
@require_GET
def tasks_csv(request: StaffRequest, which: str) -> HttpResponseBase:
    """The whole list as a file."""
    title, form = _title(which), _asked(request)
    if not form.is_valid():
        context = {"form": form, "title": title, "which": which}
        return show(request, "staff/reconciliation_tasks.html", context, desk=DESK, status=422)
    header = ["provider", "task_id", "model", "at", "known_by", "generation", "team", "reason", *money_heads("amount")]
    batches = (
        [
            (
                *(row.provider, row.task_id, row.model, stamp(row.at), row.source, row.generation, row.team),
                *(row.reason, *money(row.amount)),
            )
            for row in batch
        ]
        for batch in reconciled.batches(which, form.scope)
    )
    return csv_of(request, name=which, header=header, batches=batches, about=form.scope.words)


@staff_page("see_costs")
@require_safe
def money_there(request: StaffRequest) -> HttpResponseBase:
    """Balances at the providers, the days compared, top-ups."""
    form = _asked(request)
    return _money_page(request, form, TopUpForm(), status=200 if form.is_valid() else 422)


@staff_page("see_costs", "export_costs")
@require_GET
def days_csv(request: StaffRequest) -> HttpResponseBase:
    """The compared days as a file."""
    form = _asked(request)
    if not form.is_valid():
        return _money_page(request, form, TopUpForm(), status=422)
    names = ("opened_with", "topped_up", "closed_with", "known", "gap")
    header = ["provider", "day", "opened_at", "closed_at", *money_heads(*names)]
    rows = [
        (
            *(row.provider, row.day.isoformat(), stamp(row.opened_at), stamp(row.closed_at)),
            *money(*(getattr(row, name) for name in names)),
        )
        for row in balance_pages.days(form.scope)
    ]
    return csv_of(request, name="balance-days", header=header, batches=[rows], about=form.scope.words)


@staff_page("see_costs", "export_costs")
@require_GET
def top_ups_csv(request: StaffRequest) -> HttpResponseBase:
    """The recorded top-ups as a file."""
    form = _asked(request)
    if not form.is_valid():
        return _money_page(request, form, TopUpForm(), status=422)
    header = ["provider", "paid_at", *money_heads("amount"), "note", "recorded_by", "recorded_at"]
    rows = [
        (row.provider, stamp(row.paid_at), *money(row.amount), row.note, row.recorded_by, stamp(row.recorded_at))
        for row in balance_pages.top_ups(form.scope)
    ]
    return csv_of(request, name="top-ups", header=header, batches=[rows], about=form.scope.words)


@staff_page("see_costs", "export_costs")
@require_GET
def readings_csv(request: StaffRequest) -> HttpResponseBase:
    """The hourly readings as a file."""
    form = _asked(request)
    if not form.is_valid():
        return _money_page(request, form, TopUpForm(), status=422)
    header = ["provider", "taken_at", *money_heads("balance")]
    rows = [(row.provider, stamp(row.taken_at), *money(row.amount)) for row in balance_pages.readings(form.scope)]
    return csv_of(request, name="balances", header=header, batches=[rows], about=form.scope.words)


@staff_page("reconcile_costs")
@require_POST
def top_up(request: StaffRequest) -> HttpResponseBase:
    """Records what was paid in at a provider."""
    form = TopUpForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            top_ups.record(**form.cleaned_data, by=request.staff)
        except Problem as problem:
            status = tell(form, problem)
        else:
            messages.success(request, "The top-up is recorded.")
            return redirect("reconciliation_balances")
    return _money_page(request, _asked(request), form, status=status)


def _money_page(request: StaffRequest, form: PeriodForm, top_up_form: TopUpForm, *, status: int) -> HttpResponseBase:
    context: dict[str, object] = {"form": form, "top_up_form": top_up_form, "balances": balance_pages.at_providers()}
    context["waiting"] = bills.waiting()
    if form.is_valid():
        scope = form.scope
        context |= {
            "query": form.query,
            "days": balance_pages.days(scope)[:SHOWN],
            "top_ups": balance_pages.top_ups(scope)[:SHOWN],
            "readings": balance_pages.readings(scope)[:READINGS],
        }
    return show(request, "staff/reconciliation_balances.html", context, desk=DESK, status=status)


def _asked(request: StaffRequest) -> PeriodForm:
    params.check(request.GET, PARAMETERS)
    return PeriodForm(request.GET, today=db.now().astimezone(UTC).date())


def _title(which: str) -> str:
    if which not in reconciled.LISTS:
        raise NotFound("There is no such list.")
    return reconciled.LISTS[which]
