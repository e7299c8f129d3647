"""Cases of the desk of reconciliation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.forms_teams import tell
from generations.models import Case, CaseNote
from generations.oversight import cases
from generations.staff.desk import StaffRequest, may, show, staff_page
from generations.staff.exports import csv_of, money, money_heads
from generations.staff.forms_reconciliation import AssignForm, CasesForm, CloseForm, NoteForm, ReopenForm
from generations.staff.views_reconciliation import DESK
from project import params
from project.errors import Problem
from project.times import stamp

SHOWN = 200
PARAMETERS = frozenset({"state", "kind", "provider", "owner"})


@dataclass(frozen=True)
class Verb:
    """What can be done with a case: with the fields of a form, and what is said after."""

    does: Callable[..., Case | CaseNote]
    form: type[forms.Form]
    said: str


VERBS = {
    "assign": Verb(cases.assign, AssignForm, "The owner is set."),
    "note": Verb(cases.note, NoteForm, "The note is kept."),
    "close": Verb(cases.close, CloseForm, "The case is closed."),
    "reopen": Verb(cases.reopen, ReopenForm, "This is the new case."),
}


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
    header = ["case", "provider", "kind", "subject", *money_heads("amount"), "generation", "owner"]
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
def act(request: StaffRequest, public_id: str, verb: str) -> HttpResponseBase:
    """Does one of VERBS; else the page again, with what was typed and what is wrong with it. `take` in the form gives a
    case to whoever presses."""
    case, does, said = cases.of(public_id), VERBS[verb].does, VERBS[verb].said
    data = request.POST.copy()
    if "take" in data:
        data["owner"], said = str(request.user.pk), "It is yours."
    form = _form(verb, case, data)
    if not form.is_valid():
        return _page(request, case, {verb: form}, status=422)
    try:
        done = does(public_id=public_id, by=request.staff, **form.cleaned_data)
    except Problem as problem:
        if problem.errors:
            return _page(request, case, {verb: form}, status=tell(form, problem))
        messages.warning(request, problem.detail)
    else:
        messages.success(request, said)
        case = done if isinstance(done, Case) else case
    return redirect("reconciliation_case", public_id=case.public_id)


def _page(
    request: StaffRequest, case: Case, sent: Mapping[str, forms.Form] | None = None, *, status: int = 200
) -> HttpResponseBase:
    context: dict[str, Any] = {"case": case, "notes": cases.notes_of(case)}
    if may(request.user, "reconcile_costs"):
        empty = {verb: _form(verb, case) for verb in VERBS}
        context |= {f"{verb}_form": form for verb, form in {**empty, **(sent or {})}.items()}
    return show(request, "staff/reconciliation_case.html", context, desk=DESK, status=status)


def _form(verb: str, case: Case, data: QueryDict | None = None) -> forms.Form:
    if verb == "assign":
        return AssignForm(data, people=cases.owners(), owner=case.owner)
    return VERBS[verb].form(data)


def _asked(request: StaffRequest) -> CasesForm:
    params.check(request.GET, PARAMETERS)
    return CasesForm(request.GET, user=request.user)
