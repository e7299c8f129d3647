"""The desk of operations: how the providers do, and pausing them and their models."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accounts.forms_teams import tell
from generations.oversight import health, pauses
from generations.oversight.health import Rates
from generations.staff.desk import StaffRequest, require, show, staff_page
from generations.staff.exports import csv_of
from generations.staff.forms_operations import WINDOWS, HealthForm, PauseForm
from generations.staff.views_operations import DESK
from project import db, params
from project.errors import Problem
from project.times import stamp

HEAD = (
    "provider", "model", "creates", "accepted", "unknown", "limited_429", "refused", "not_sent", "in_flight",
    "succeeded", "failed", "failed_of_input", "success_ppm", "unknown_ppm", "p50_ms", "p95_ms",
)  # fmt: skip
PAUSES_HEAD = ("scope", "name", "note", "reason", "paused_by", "paused_at", "resumed_by", "resumed_at")


@staff_page("see_operations")
@require_safe
def providers(request: StaffRequest) -> HttpResponseBase:
    """Each provider in the last hour, day or week: what it was asked, what came, and what holds it back now."""
    params.check(request.GET, frozenset({"window"}))
    form = HealthForm(request.GET)
    context: dict[str, Any] = {"part": "providers", "form": form, "windows": WINDOWS}
    if not form.is_valid():
        return show(request, "staff/operations_providers.html", context, desk=DESK, status=422)
    since = db.now() - timedelta(hours=WINDOWS[form.chosen][1])
    paused = {(row.scope, row.name): row for row in pauses.current()}
    now = {each.provider: each for each in health.now_of_all()}
    context |= {
        "chosen": form.chosen,
        "since": since,
        "providers": [
            {
                "rates": rates,
                "now": now[rates.provider],
                "pause": paused.get((pauses.PROVIDER, rates.provider)),
                "models": health.rates_by_model(rates.provider, since),
                "refusals": health.refusals(rates.provider, since),
            }
            for rates in health.rates_of_all(since)
        ],
        "paused_models": {name for scope, name in paused if scope == pauses.MODEL},
    }
    return show(request, "staff/operations_providers.html", context, desk=DESK)


@staff_page("see_operations", "export_costs")
@require_GET
def providers_csv(request: StaffRequest) -> HttpResponseBase:
    """The figures as a file: a line a provider, then a line for each of its models."""
    params.check(request.GET, frozenset({"window"}))
    form = HealthForm(request.GET)
    if not form.is_valid():
        context = {"part": "providers", "form": form, "windows": WINDOWS}
        return show(request, "staff/operations_providers.html", context, desk=DESK, status=422)
    since = db.now() - timedelta(hours=WINDOWS[form.chosen][1])
    found = [[rates, *health.rates_by_model(rates.provider, since)] for rates in health.rates_of_all(since)]
    batches = ([_cells(rates) for rates in rows] for rows in found)
    return csv_of(request, name="providers", header=HEAD, batches=batches, about=form.chosen)


@staff_page("see_operations")
@require_http_methods(["GET", "HEAD", "POST"])
def pause_list(request: StaffRequest) -> HttpResponseBase:
    """Pauses, open and past; POST sets one."""
    params.check(request.GET, frozenset({"target"}))
    if request.method == "POST":
        require(request, "pause_providers")
        return _pause(request)
    target = request.GET.get("target", "")
    form = PauseForm()
    form.initial["target"] = target if target in pauses.targets() else ""
    return _pauses(request, form)


@staff_page("pause_providers")
@require_POST
def resume(request: StaffRequest, pause_id: int) -> HttpResponseBase:
    """Ends a pause."""
    row = pauses.resume(pause_id=pause_id, by=request.staff)
    messages.success(request, f"{row.name} goes on: what waited is being sent.")
    return redirect("operations_pauses")


@staff_page("see_operations", "export_costs")
@require_GET
def pauses_csv(request: StaffRequest) -> HttpResponseBase:
    """All pauses there were, as a file."""
    params.check(request.GET, frozenset())
    rows = (
        (
            *(row.scope, row.name, row.note, row.reason, row.paused_by, stamp(row.paused_at), row.resumed_by),
            stamp(row.resumed_at) if row.resumed_at else None,
        )
        for row in pauses.every()
    )
    return csv_of(request, name="pauses", header=PAUSES_HEAD, batches=[rows])


def _pause(request: StaffRequest) -> HttpResponseBase:
    form = PauseForm(request.POST)
    if not form.is_valid():
        return _pauses(request, form, status=422)
    scope, _, name = form.cleaned_data["target"].partition(":")
    try:
        pauses.pause(
            scope=scope,
            name=name,
            note=form.cleaned_data["note"],
            reason=form.cleaned_data["reason"],
            by=request.staff,
        )
    except Problem as problem:
        return _pauses(request, form, status=tell(form, problem))
    messages.success(request, f"{name} is paused: nothing new is accepted or sent. What runs ends as it would.")
    return redirect("operations_pauses")


def _pauses(request: StaffRequest, form: PauseForm, *, status: int = 200) -> HttpResponseBase:
    context = {
        "part": "pauses",
        "form": form,
        "open": [{"row": row, "waiting": pauses.waiting(row)} for row in pauses.current()],
        "past": pauses.past(most=50),
    }
    return show(request, "staff/operations_pauses.html", context, desk=DESK, status=status)


def _cells(rates: Rates) -> tuple[str | int | None, ...]:
    asked = (rates.creates, rates.accepted, rates.unknown, rates.limited, rates.refused, rates.not_sent)
    ended = (rates.in_flight, rates.succeeded, rates.failed, rates.of_input, rates.success_ppm, rates.unknown_ppm)
    return rates.provider, rates.model, *asked, *ended, rates.p50_ms, rates.p95_ms
