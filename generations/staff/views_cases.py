"""Cases of the desk of reconciliation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.forms_teams import tell
from generations.models import Case
from generations.oversight import cases
from generations.staff.desk import StaffRequest, may, show, staff_page
from generations.staff.exports import csv_of, money
from generations.staff.forms_reconciliation import AssignForm, CasesForm, CloseForm, NoteForm, ReopenForm
from generations.staff.views_reconciliation import DESK
from project import params
from project.errors import Problem
from project.times import stamp

SHOWN = 200
PARAMETERS = frozenset({"state", "kind", "provider", "owner"})


@staff_page("see_costs")
@require_safe
def listed(request: StaffRequest) -> HttpResponseBase:
    """Cases, open ones first."""
    form = _asked(request)
    context: dict[str, Any] = {"form": form, "limit": SHOWN}
    if not form.is_valid():
        return show(request, "staff/reconciliation_cases.html", context, desk=DESK, status=422)
    rows = cases.listed(form.filters)
    context |= {"query": form.query, "rows": rows[:SHOWN], "count": rows.count(), "filtered": bool(form.query)}
    return show(request, "staff/reconciliation_cases.html", context, desk=DESK)


@staff_page("see_costs", "export_costs")
@require_GET
def listed_csv(request: StaffRequest) -> HttpResponseBase:
    """The list as a file."""
    form = _asked(request)
    if not form.is_valid():
        return show(request, "staff/reconciliation_cases.html", {"form": form, "limit": SHOWN}, desk=DESK, status=422)
    header = ["case", "provider", "kind", "subject", "amount_micro", "amount_usd", "generation", "owner"]
    header += ["opened_at", "closed_at", "closed_by", "resolution"]
    rows = [
        (
            *(row.public_id, row.provider, row.kind, row.subject, *money(row.amount)),
            *(row.generation.public_id if row.generation else "", row.owner.email if row.owner else ""),
            *(stamp(row.opened_at), stamp(row.closed_at) if row.closed_at else "", row.closed_by, row.resolution),
        )
        for row in cases.listed(form.filters)
    ]
    return csv_of(request, name="cases", header=header, batches=[rows], about=form.query)


@staff_page("see_costs")
@require_safe
def one(request: StaffRequest, public_id: str) -> HttpResponseBase:
    """A case: its facts, its notes, and what can be done with it."""
    params.check(request.GET, frozenset())
    return _page(request, cases.of(public_id))


@staff_page("reconcile_costs")
@require_POST
def assign(request: StaffRequest, public_id: str) -> HttpResponseBase:
    """Gives it to somebody; `take` to whoever presses."""
    case = cases.of(public_id)
    if "take" in request.POST:
        return _done(
            request,
            case,
            None,
            "It is yours.",
            lambda: cases.assign(public_id=public_id, owner=request.user, by=request.staff),
        )
    form = _assign_form(request, case, sent=True)
    return _done(
        request,
        case,
        form,
        "The owner is set.",
        lambda: cases.assign(public_id=public_id, owner=form.chosen, by=request.staff),
    )


@staff_page("reconcile_costs")
@require_POST
def note(request: StaffRequest, public_id: str) -> HttpResponseBase:
    """Adds what somebody found out."""
    form = NoteForm(request.POST)
    return _done(
        request,
        cases.of(public_id),
        form,
        "The note is kept.",
        lambda: cases.note(public_id=public_id, text=form.cleaned_data["text"], by=request.staff),
    )


@staff_page("reconcile_costs")
@require_POST
def close(request: StaffRequest, public_id: str) -> HttpResponseBase:
    """Ends it with what came of it."""
    form = CloseForm(request.POST)
    return _done(
        request,
        cases.of(public_id),
        form,
        "The case is closed.",
        lambda: cases.close(public_id=public_id, resolution=form.cleaned_data["resolution"], by=request.staff),
    )


@staff_page("reconcile_costs")
@require_POST
def reopen(request: StaffRequest, public_id: str) -> HttpResponseBase:
    """Opens a new case about the same."""
    case = cases.of(public_id)
    form = ReopenForm(request.POST)
    if form.is_valid():
        try:
            made = cases.reopen(public_id=public_id, why=form.cleaned_data["why"], by=request.staff)
        except Problem as problem:
            return _page(request, case, form, status=tell(form, problem))
        messages.success(request, "This is the new case.")
        return redirect("reconciliation_case", public_id=made.public_id)
    return _page(request, case, form, status=422)


def _done(
    request: StaffRequest, case: Case, form: forms.Form | None, said: str, act: Callable[[], object]
) -> HttpResponseBase:
    """Acts when the form is right; else the page again, with what was typed and what is wrong with it."""
    if form is not None and not form.is_valid():
        return _page(request, case, form, status=422)
    try:
        act()
    except Problem as problem:
        if form is not None and problem.errors:
            return _page(request, case, form, status=tell(form, problem))
        messages.warning(request, problem.detail)
    else:
        messages.success(request, said)
    return redirect("reconciliation_case", public_id=case.public_id)


def _page(request: StaffRequest, case: Case, form: forms.Form | None = None, *, status: int = 200) -> HttpResponseBase:
    context: dict[str, Any] = {"case": case, "notes": cases.notes_of(case), "note_form": NoteForm()}
    if may(request.user, "reconcile_costs"):
        context |= {"close_form": CloseForm(), "reopen_form": ReopenForm()}
        context["assign_form"] = _assign_form(request, case, sent=False)
    names = {AssignForm: "assign_form", NoteForm: "note_form", CloseForm: "close_form", ReopenForm: "reopen_form"}
    if form is not None:
        context[names[type(form)]] = form
    return show(request, "staff/reconciliation_case.html", context, desk=DESK, status=status)


def _assign_form(request: StaffRequest, case: Case, *, sent: bool) -> AssignForm:
    return AssignForm(request.POST if sent else None, people=cases.owners(), owner=case.owner)


def _asked(request: StaffRequest) -> CasesForm:
    params.check(request.GET, PARAMETERS)
    return CasesForm(request.GET, user=request.user)
