"""The audit log of a team: pages to read, and a file to take away."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_safe

from accounts import audit_export, audit_queries, roles
from accounts.audit_words import tell
from accounts.forms_audit import FilterForm
from accounts.pages import MemberRequest, member_page
from project import csv_safe, params
from project.paging import Side, Window

LINES = 50
FILTERS = frozenset({"about", "actor", "from", "to"})
PLACES = frozenset({"older", "newer"})


@member_page(roles.MANAGE)
@require_safe
def log(request: MemberRequest) -> HttpResponse:
    """A page of the log; `older` and `newer` in the address are places in it, the rest are filters."""
    params.check(request.GET, FILTERS | PLACES)
    form = FilterForm(request.GET, team=request.actor.team)
    if not form.is_valid():
        return render(request, "accounts/audit.html", {"form": form}, status=422)
    side: Side = "newer" if request.GET.get("newer") else "older"
    place = request.GET.get(side)
    window = Window(LINES, side, (place,) if place else None)
    page = audit_queries.page(team=request.actor.team, filters=form.filters, window=window)
    context: dict[str, Any] = {
        "form": form,
        "lines": [{"event": event, "told": tell(event)} for event in page.rows],
        "query": urlencode(form.kept),
        "newer": urlencode({**form.kept, "newer": page.newer[0]}) if page.newer else "",
        "older": urlencode({**form.kept, "older": page.older[0]}) if page.older else "",
        "start": place is None,
    }
    return render(request, "accounts/audit.html", context)


@member_page(roles.MANAGE, fresh=True)
@require_safe
def export(request: MemberRequest) -> HttpResponse:
    """What the file will hold, and the link to it. After a proof of identity there is a page to come back to."""
    params.check(request.GET, FILTERS)
    form = FilterForm(request.GET, team=request.actor.team)
    context = {"form": form, "query": urlencode(form.kept), "columns": audit_export.COLUMNS}
    return render(request, "accounts/audit_export.html", context, status=200 if form.is_valid() else 422)


@member_page(roles.MANAGE, fresh=True)
@require_GET
def download(request: MemberRequest) -> HttpResponseBase:
    """The file: all that matches, in a stream."""
    params.check(request.GET, FILTERS)
    form = FilterForm(request.GET, team=request.actor.team)
    if not form.is_valid():
        return render(request, "accounts/audit_export.html", {"form": form}, status=422)
    file = audit_export.export(actor=request.actor, filters=form.filters, asked=form.kept)
    response = StreamingHttpResponse(file.pieces, content_type=csv_safe.CONTENT_TYPE)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=file.name) or ""
    return response
