"""The desk of costs: figures of any days, their tables in full and as files, the monthly report."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.views.decorators.http import require_GET, require_safe

from accounts import audit
from accounts.models import Action
from generations.oversight import costs_chart, figures, losses, report
from generations.oversight.lines import By, Order, Sort, Table
from generations.oversight.trends import Trend
from generations.staff import costs_csv
from generations.staff.desk import StaffRequest, show, staff_page
from generations.staff.exports import csv_of
from generations.staff.forms_costs import CostsForm
from project import db, params, pdf
from project.errors import NotFound

PARAMETERS = frozenset({"from", "to", "provider", "model", "variant", "team", "key", "sort"})
PER_PAGE = 100
TITLES = {
    By.DAY: "day",
    By.PROVIDER: "provider",
    By.MODEL: "model",
    By.VARIANT: "variant",
    By.TEAM: "team",
    By.KEY: "API key",
}


@staff_page("see_costs")
@require_safe
def costs(request: StaffRequest) -> HttpResponseBase:
    """Revenue, cost and margin of a period beside the days before, and what they are made of."""
    params.check(request.GET, PARAMETERS)
    form = CostsForm(request.GET, today=_today())
    if not form.asked():
        return show(request, "staff/costs.html", frame(form), desk="costs", status=422)
    found = figures.of_scope(form.question, sort=form.order)
    tables = [found.tables[by] for by in (By.VARIANT, By.MODEL, By.PROVIDER, By.TEAM, By.KEY)]
    steps = [line for line in figures.steps(found) if not line.sums.nothing]
    tables.append(Table(By.DAY, steps, len(steps)))
    context = {
        **frame(form),
        "found": found,
        "before": form.question.before,
        "trends": _trends(found),
        "chart": costs_chart.of_figures(found),
        "tables": [{"table": table, "title": TITLES[table.by], "by": table.by.value} for table in tables],
        "sold": [line for line in found.tables[By.VARIANT].lines if line.sums.margin < 0],
        "listed": losses.listed_at_a_loss(),
        "query": form.query,
        "heads": _heads(form),
        "sorted": str(form.order),
    }
    return show(request, "staff/costs.html", context, desk="costs")


@staff_page("see_costs")
@require_safe
def costs_by(request: StaffRequest, what: str) -> HttpResponseBase:
    """One table in full, in pages."""
    params.check(request.GET, PARAMETERS | {"page"})
    by = _by(what)
    form = CostsForm(request.GET, today=_today())
    context: dict[str, Any] = {**frame(form), "title": TITLES[by], "by": by.value}
    if not form.asked():
        return show(request, "staff/costs_by.html", context, desk="costs", status=422)
    page = _page(request.GET.get("page", "1"))
    table = figures.table(form.question, by, sort=form.order, offset=(page - 1) * PER_PAGE, limit=PER_PAGE)
    more = urlencode({"sort": str(form.order)})
    context |= {
        "table": table,
        "query": form.query,
        "heads": _heads(form),
        "first": (page - 1) * PER_PAGE + 1,
        "last": (page - 1) * PER_PAGE + len(table.lines),
        "newer": f"?{form.query}&{more}&page={page - 1}" if page > 1 else "",
        "older": f"?{form.query}&{more}&page={page + 1}" if page * PER_PAGE < table.count else "",
    }
    return show(request, "staff/costs_by.html", context, desk="costs")


@staff_page("see_costs", "export_costs")
@require_GET
def costs_by_csv(request: StaffRequest, what: str) -> HttpResponseBase:
    """All lines of a table as a file."""
    params.check(request.GET, PARAMETERS)
    by = _by(what)
    form = CostsForm(request.GET, today=_today())
    if not form.asked():
        context = {**frame(form), "title": TITLES[by], "by": by.value}
        return show(request, "staff/costs_by.html", context, desk="costs", status=422)
    scope = form.question
    return csv_of(
        request,
        name=f"costs-by-{by}-{scope.first}-{scope.last}",
        header=costs_csv.header_of(by),
        batches=[costs_csv.lines_of(figures.table(scope, by, sort=form.order))],
        about=scope.words,
    )


@staff_page("see_costs", "export_costs")
@require_GET
def listed_csv(request: StaffRequest) -> HttpResponseBase:
    """The prices in force that are below the expected cost, as a file."""
    params.check(request.GET, frozenset())
    return csv_of(
        request,
        name="prices-below-cost",
        header=costs_csv.LISTED,
        batches=[costs_csv.listed(losses.listed_at_a_loss())],
        about="prices in force",
    )


@staff_page("see_costs", "export_costs")
@require_GET
def report_pdf(request: StaffRequest) -> HttpResponseBase:
    """The cost report of a month as a PDF."""
    params.check(request.GET, frozenset({"month"}))
    now = db.now()
    scope = report.month_of(request.GET.get("month", ""), today=now.astimezone(UTC).date())
    name = f"cost-report-{scope.first:%Y-%m}"
    data = report.as_pdf(scope, now=now)
    audit.record(
        Action.COSTS_EXPORTED, by=request.staff, team=None, target=name, target_name=name, data={"of": scope.words}
    )
    return pdf.response(data, filename=f"{name}.pdf")


def frame(form: CostsForm) -> dict[str, Any]:
    """What the page has whether or not the question can be asked."""
    return {"form": form, "today": form.today, "month": f"{form.today:%Y-%m}"}


def _trends(found: figures.Figures) -> dict[str, Trend]:
    names = ("revenue", "expected", "actual", "cost", "margin", "at_risk", "ended", "succeeded", "failed")
    return {name: Trend(getattr(found.total, name), getattr(found.before, name)) for name in names}


def _heads(form: CostsForm) -> list[dict[str, str]]:
    """The headings that order the tables: a press on the present one turns it round."""
    words = {
        Order.SUCCEEDED: "Succeeded",
        Order.FAILED: "Failed",
        Order.REVENUE: "Revenue",
        Order.CHANGE: "Trend",
        Order.COST: "Cost",
        Order.MARGIN: "Margin",
        Order.RATE: "Share",
        Order.RISK: "At risk",
    }
    return [
        {
            "words": said,
            "sort": str(Sort(order, not form.order.descending if order == form.order.by else True)),
            "now": ("descending" if form.order.descending else "ascending") if order == form.order.by else "",
        }
        for order, said in words.items()
    ]


def _by(what: str) -> By:
    if what not in list(By):
        raise NotFound("There is no such table.")
    return By(what)


def _page(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 6 and int(text) >= 1):
        raise params.wrong("page", "must be a whole number from 1 on")
    return int(text)


def _today() -> date:
    return db.now().astimezone(UTC).date()
