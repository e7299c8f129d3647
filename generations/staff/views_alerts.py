"""The desk of alerts: what is on, what was, who was told, and the rules."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accounts.forms_teams import sent, tell
from generations.models import AlertKind
from generations.oversight import alert_acts, alert_notices, alert_queries, alert_rules
from generations.oversight.alert_queries import MOST_OPEN
from generations.oversight.alert_specs import SPECS
from generations.staff import alerts_csv
from generations.staff.desk import StaffRequest, require, show, staff_page
from generations.staff.exports import csv_of
from generations.staff.forms_alerts import AcknowledgeForm, RuleForm
from generations.staff.places import ways_on, window_of
from project import params
from project.errors import Conflict, Invalid

PLACES = frozenset({"older", "newer"})
DESK = "alerts"


@staff_page("see_alerts")
@require_safe
def alerts(request: StaffRequest) -> HttpResponseBase:
    """What is on, and a page of what was; `kind` narrows the latter."""
    params.check(request.GET, PLACES | {"kind"})
    kind = request.GET.get("kind", "")
    page = alert_queries.history(window_of(request), kind=kind)
    kept = {"kind": kind} if kind else {}
    on, nobodys = alert_queries.open_counts()
    context = {
        "open": alert_queries.open_alerts(),
        "open_count": on,
        "nobodys": nobodys,
        "most_open": MOST_OPEN,
        "rules": alert_queries.rules(),
        "history": page.rows,
        "kind": kind,
        "kinds": AlertKind.choices,
        "channels": alert_queries.channels(),
        "troubled": alert_queries.troubled_notices(),
        "last_watch": alert_queries.last_watch(),
        **ways_on(page, kept),
    }
    return show(request, "staff/alerts.html", context, desk=DESK)


@staff_page("see_alerts")
@require_http_methods(["GET", "HEAD", "POST"])
def alert(request: StaffRequest, number: int) -> HttpResponseBase:
    """One alert: to read with `see_alerts`, to acknowledge with `acknowledge_alerts`."""
    params.check(request.GET, frozenset())
    line, form, status = alert_queries.one(number), AcknowledgeForm(sent(request)), 200
    if request.method == "POST":
        require(request, "acknowledge_alerts")
        status = 422
        if form.is_valid():
            try:
                alert_acts.acknowledge(by=request.staff, number=number, text=form.cleaned_data["text"])
            except Conflict as problem:
                messages.warning(request, problem.detail)
            else:
                messages.success(request, "Acknowledged. It stays on until it is calm.")
            return redirect("alert", number=number)
    return show(request, "staff/alert.html", {"form": form, "line": line}, desk=DESK, status=status)


@staff_page("see_alerts")
@require_safe
def notices(request: StaffRequest) -> HttpResponseBase:
    """Who was told what, and what waits for another try."""
    params.check(request.GET, PLACES)
    page = alert_queries.notices(window_of(request))
    context = {"notices": page.rows, **ways_on(page, {})}
    return show(request, "staff/alert_notices.html", context, desk=DESK)


@staff_page("see_alerts")
@require_safe
def rules(request: StaffRequest) -> HttpResponseBase:
    """All rules as they stand."""
    params.check(request.GET, frozenset())
    return show(request, "staff/alert_rules.html", {"rules": alert_queries.rules()}, desk=DESK)


@staff_page("see_alerts")
@require_http_methods(["GET", "HEAD", "POST"])
def rule(request: StaffRequest, kind: str) -> HttpResponseBase:
    """One rule: to read with `see_alerts`, to set with `set_alerts`."""
    found = alert_rules.get(kind)
    spec = SPECS[found.kind]
    form = RuleForm(sent(request), spec=spec, rule=found)
    status = 200
    if request.method == "POST":
        require(request, "set_alerts")
        status = 422
        if form.is_valid():
            try:
                changed = alert_rules.set_rule(by=request.staff, kind=kind, setting=form.setting())
            except Invalid as problem:
                status = tell(form, problem)
            else:
                messages.success(request, "The rule holds from the next minute on." if changed else "Nothing changed.")
                return redirect("alert_rule", kind=kind)
    context = {"form": form, "line": alert_queries.rule_line(found), "spec": spec}
    return show(request, "staff/alert_rule.html", context, desk=DESK, status=status)


@staff_page("set_alerts")
@require_POST
def test(request: StaffRequest) -> HttpResponse:  # noqa: PT028
    """Sends a test by every channel."""
    try:
        made = alert_notices.send_test(by=request.staff)
    except Conflict as problem:
        messages.error(request, problem.detail)
    else:
        mails = sum(len(row.told) for row in made if row.channel == "email")
        words = [f"{mails} mail{'' if mails == 1 else 's'}"] if mails else []
        words += ["the webhook" for row in made if row.channel == "webhook"]
        messages.success(request, f"A test is under way: {' and '.join(words)}.")
    return redirect("alert_notices")


@staff_page("see_alerts", "export_costs")
@require_GET
def alerts_file(request: StaffRequest) -> HttpResponseBase:
    """All alerts, open and over, as a file."""
    params.check(request.GET, frozenset())
    batches = (alerts_csv.alert_rows(lines) for lines in alert_queries.every_alert())
    return csv_of(request, name="alerts", header=alerts_csv.ALERTS, batches=batches)


@staff_page("see_alerts", "export_costs")
@require_GET
def notices_file(request: StaffRequest) -> HttpResponseBase:
    """All notices as a file."""
    params.check(request.GET, frozenset())
    batches = (alerts_csv.notice_rows(rows) for rows in alert_queries.every_notice())
    return csv_of(request, name="alert-notices", header=alerts_csv.NOTICES, batches=batches)


@staff_page("see_alerts", "export_costs")
@require_GET
def rules_file(request: StaffRequest) -> HttpResponseBase:
    """All rules as a file."""
    params.check(request.GET, frozenset())
    batches = [alerts_csv.rule_rows(alert_queries.rules())]
    return csv_of(request, name="alert-rules", header=alerts_csv.RULES, batches=batches)
