"""The desk of operations: callbacks received, and replay."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST, require_safe

from generations.oversight import callback_log
from generations.staff.desk import StaffRequest, may, show, staff_page
from generations.staff.exports import csv_of
from generations.staff.forms_operations import PLACES, CallbacksForm
from generations.staff.places import ways_on, window_of
from generations.staff.views_operations import DESK
from project import params
from project.errors import NotFound
from project.paging import every
from project.times import stamp

FILTERS = frozenset({"verdict", "provider", "generation"})
HEAD = ("callback", "at", "provider", "verdicts", "note", "deliveries", "generation", "task")


@staff_page("see_operations")
@require_safe
def callbacks(request: StaffRequest) -> HttpResponseBase:
    """Callbacks that pass the filters, the newest first."""
    params.check(request.GET, FILTERS | PLACES)
    form = CallbacksForm(request.GET)
    context: dict[str, Any] = {"part": "callbacks", "form": form}
    if not form.is_valid():
        return show(request, "staff/operations_callbacks.html", context, desk=DESK, status=422)
    page = callback_log.page(form.wanted, window_of(request))
    context |= {"rows": page.rows, "query": form.query, **ways_on(page, form.kept)}
    return show(request, "staff/operations_callbacks.html", context, desk=DESK)


@staff_page("see_operations", "export_costs")
@require_GET
def callbacks_csv(request: StaffRequest) -> HttpResponseBase:
    """The same as a file, all of them, without bodies."""
    params.check(request.GET, FILTERS)
    form = CallbacksForm(request.GET)
    if not form.is_valid():
        context = {"part": "callbacks", "form": form}
        return show(request, "staff/operations_callbacks.html", context, desk=DESK, status=422)
    batches = ([_cells(entry) for entry in entries] for entries in every(partial(callback_log.page, form.wanted)))
    return csv_of(request, name="callbacks", header=HEAD, batches=batches, about=form.query)


@staff_page("see_operations")
@require_safe
def callback(request: StaffRequest, callback_id: str) -> HttpResponseBase:
    """One callback with its body, set out and redacted."""
    shown = callback_log.one(callback_id, with_balance=may(request.user, "see_costs"))
    return show(request, "staff/operations_callback.html", {"part": "callbacks", "shown": shown}, desk=DESK)


@staff_page("replay_callbacks")
@require_POST
def replay(request: StaffRequest, callback_id: str) -> HttpResponseBase:
    """Has it looked at again."""
    if not callback_log.one(callback_id, with_balance=False).replayable:
        raise NotFound("There is no such callback.")
    callback_log.replay(callback_id=int(callback_id.removeprefix("in-")), by=request.staff)
    messages.success(request, "It is being looked at again. What comes of it stands here in a moment.")
    return redirect("operations_callback", callback_id)


def _cells(entry: callback_log.Entry) -> tuple[str | int | None, ...]:
    generation = entry.generation.public_id if entry.generation else ""
    said = (entry.provider, " ".join(entry.verdicts), entry.note, entry.deliveries)
    return entry.id, stamp(entry.at), *said, generation, entry.task_id
