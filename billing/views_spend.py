"""What was spent: a chart of its days, told apart by model, member or key, and the same as files."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET, require_safe

from accounts import roles
from accounts.pages import MemberRequest, member_page
from billing import charts, comparison, forms_statements, spend, spend_export
from billing.forms_statements import BY, SpendForm
from billing.spend import By, Row, Spend
from billing.spend_export import Table
from project import csv_safe, db, params

PARAMETERS = frozenset({"from", "to", "by"})


@member_page(roles.BILLING)
@require_safe
def spent(request: MemberRequest) -> HttpResponse:
    """What was charged in a period, by model, member, key or day, beside the period before."""
    params.check(request.GET, PARAMETERS)
    return _page(request, _form(request))


@member_page(roles.BILLING)
@require_GET
def spent_csv(request: MemberRequest) -> HttpResponseBase:
    """A table of the page as a file: its rows, or with `table=days` its days."""
    params.check(request.GET, PARAMETERS | {"table"})
    form = _form(request)
    if not form.is_valid():
        return _page(request, form)
    asked = request.GET.get("table", Table.ROWS)
    if asked not in list(Table):
        raise params.wrong("table", f"must be one of {', '.join(Table)}")
    file = spend_export.as_csv(actor=request.actor, found=_found(request, form), table=Table(asked))
    response = StreamingHttpResponse(file.pieces, content_type=csv_safe.CONTENT_TYPE)
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=file.name) or ""
    return response


def _form(request: MemberRequest) -> SpendForm:
    month = forms_statements.of_spend(db.now().astimezone(UTC).date())[1]
    return SpendForm(request.GET, first=month.first, last=month.last)


def _found(request: MemberRequest, form: SpendForm) -> Spend:
    return spend.of_period(request.actor.team, by=form.by, first=form.first, last=form.last)


def _page(request: MemberRequest, form: SpendForm) -> HttpResponse:
    today = db.now().astimezone(UTC).date()
    shortcuts = form.shown(forms_statements.of_spend(today))
    context: dict[str, Any] = {"form": form, "shortcuts": shortcuts, "words": BY}
    if not form.is_valid():
        return render(request, "billing/spend.html", context, status=422)
    found, since = _found(request, form), request.actor.team.created_at.astimezone(UTC).date()
    rows = [*found.rows, *([found.others] if found.others else [])]
    most = max((row.amount for row in rows), default=0)
    context |= {
        "found": found,
        "rows": [
            {
                "row": row,
                "place": min(place, len(found.series)),
                "percent": spend.percent(row.share),
                "length": charts.share(row.amount, most),
                "link": _link(form.by, row, form),
            }
            for place, row in enumerate(rows, 1)
        ],
        "what": BY[form.by],
        "by_days": form.by == By.DAY,
        "chart": charts.of_spend(found),
        "against": comparison.of_spend(found, since),
        "so_far": form.last >= today,
        "average": comparison.average(found, since, today),
        "sides": [{"by": by.value, "words": words, "here": by == form.by} for by, words in BY.items()],
        "period": urlencode({"from": form.first, "to": form.last}),
        "query": urlencode(form.kept),
    }
    return render(request, "billing/spend.html", context)


def _link(by: By, row: Row, form: SpendForm) -> str:
    """Where a row comes from: what was made in these days, or the statement of the day."""
    if not row.found_by:
        return ""
    if by == By.DAY:
        return f"{reverse('statement')}?{urlencode({'from': row.id, 'to': row.id})}"
    return f"{reverse('history')}?{urlencode({by.value: row.found_by, 'from': form.first, 'to': form.last})}"
