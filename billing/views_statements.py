"""The statement of a period, as a page and as files."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_safe

from accounts import roles
from accounts.pages import MemberRequest, member_page
from billing import forms_statements, queries, spend, statement_export, statement_pdf, statements
from billing.forms_statements import PeriodForm
from project import csv_safe, db, params, pdf
from project.errors import Invalid
from project.paging import Side, Window

LINES = 50
CHANGES = "changes"
LOOKED_THROUGH = 150  # lines of which a page shows those that changed the balance: of three, about one did
PERIOD = frozenset({"from", "to"})
PLACES = frozenset({"older", "newer", "lines"})


@member_page(roles.BILLING)
@require_safe
def statement(request: MemberRequest) -> HttpResponse:
    """The sums of a period and a page of its lines; `older` and `newer` in the address are places in it,
    `lines=changes` leaves out what was only held or released."""
    params.check(request.GET, PERIOD | PLACES)
    return _statement(request, _period(request))


def _statement(request: MemberRequest, form: PeriodForm, problem: Invalid | None = None) -> HttpResponse:
    team = request.actor.team
    since = team.created_at.astimezone(UTC).date()
    context: dict[str, Any] = {"form": form, "shortcuts": form.shown(forms_statements.of_statement(_today(), since))}
    if not form.is_valid():
        return render(request, "billing/statement.html", context, status=422)
    start, end = form.moments
    found = statements.of_period(team, start, end)
    side: Side = "newer" if request.GET.get("newer") else "older"
    place = request.GET.get(side)
    key = tuple(place.split(".")) if place else None
    changes = request.GET.get("lines") == CHANGES
    limit = LOOKED_THROUGH if changes else LINES
    page = queries.statement(team, Window(limit, side, key), within=found.within)
    kept = {**form.kept, **({"lines": CHANGES} if changes else {})}
    context |= {
        "found": found,
        "adjusted": statements.adjusted(found) if found.granted or found.taken_back else None,
        "lines": [line for line in page.rows if line.change] if changes else page.rows,
        "looked_through": len(page.rows),
        "changes": changes,
        "so_far": end > db.now(),
        "query": urlencode(form.kept),
        "spend_query": urlencode(form.kept) if (form.last - form.first).days < spend.MOST_DAYS else "",
        "newer": urlencode({**kept, "newer": ".".join(page.newer)}) if page.newer else "",
        "older": urlencode({**kept, "older": ".".join(page.older)}) if page.older else "",
        "start": place is None,
        "problem": problem,
    }
    return render(request, "billing/statement.html", context, status=problem.status if problem else 200)


@member_page(roles.BILLING)
@require_GET
def statement_csv(request: MemberRequest) -> HttpResponseBase:
    """The file: opening balance, every line, closing balance, in a stream."""
    params.check(request.GET, PERIOD)
    form = _period(request)
    if not form.is_valid():
        return _statement(request, form)
    start, end = form.moments
    file = statement_export.as_csv(actor=request.actor, start=start, end=end)
    response = StreamingHttpResponse(file.pieces, content_type=csv_safe.CONTENT_TYPE)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=file.name) or ""
    return response


@member_page(roles.BILLING)
@require_GET
def statement_file(request: MemberRequest) -> HttpResponse:
    """The PDF."""
    params.check(request.GET, PERIOD)
    form = _period(request)
    if not form.is_valid():
        return _statement(request, form)
    start, end = form.moments
    try:
        data, name = statement_pdf.answer(actor=request.actor, start=start, end=end)
    except Invalid as problem:
        return _statement(request, form, problem)
    return pdf.response(data, filename=name)


def _period(request: MemberRequest) -> PeriodForm:
    first, last = forms_statements.month_of(_today())
    return PeriodForm(request.GET, first=first, last=last)


def _today() -> date:
    return db.now().astimezone(UTC).date()
