"""The desk of operations: what is under way, what is in doubt, what came too late; and one generation with its acts."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.forms_teams import tell
from generations.models import Generation, Status
from generations.oversight import books_log, health, open_rows, pauses, resolutions
from generations.oversight.resolutions import Told
from generations.staff.desk import StaffRequest, may, show, staff_page
from generations.staff.exports import csv_of, money, money_heads
from generations.staff.forms_operations import PLACES, AttachForm, OpenForm, ReleaseForm
from generations.staff.places import ways_on, window_of
from project import db, params, queue
from project.csv_safe import Value
from project.errors import Conflict, Problem
from project.paging import Window, every
from project.times import stamp

DESK = "operations"
FILTERS = frozenset({"provider", "status", "age", "model", "overdue"})
OPEN_HEAD = (
    "generation", "team", "provider", "model", "status", "accepted_at", "in_status_since", "next_action_at",
    "deadline_at", "attempts", "polls", *money_heads("held"), "task",
)  # fmt: skip
LATE_HEAD = (
    "generation", "team", "provider", "model", "status", "reason", "task", "outputs", "to_be_had_until", "came_at",
)  # fmt: skip


@staff_page("see_operations")
@require_safe
def operations(request: StaffRequest) -> HttpResponseBase:
    """How everything stands, and where to look further."""
    since = db.now() - health.HOUR
    lines = open_rows.counts()
    unknown = open_rows.page(open_rows.OpenFilter(status=Status.UNKNOWN), Window(10))
    context = {
        "part": "now",
        "lines": lines,
        "ages": list(open_rows.AGES),
        "overdue": sum(line.overdue for line in lines),
        "unknown_count": sum(line.count for line in lines if line.status == Status.UNKNOWN),
        "unknown": unknown.rows,
        "late": open_rows.late_of(open_rows.late_page(Window(5)).rows),
        "rates": health.rates_of_all(since),
        "now": {each.provider: each for each in health.now_of_all()},
        "pauses": pauses.current(),
        "books": books_log.state(),
        "lanes": queue.states(),
    }
    return show(request, "staff/operations.html", context, desk=DESK)


@staff_page("see_operations")
@require_safe
def open_list(request: StaffRequest) -> HttpResponseBase:
    """Open generations that pass the filters, the oldest first."""
    params.check(request.GET, FILTERS | PLACES)
    form = OpenForm(request.GET)
    context: dict[str, Any] = {"part": "open", "form": form}
    if not form.is_valid():
        return show(request, "staff/operations_open.html", context, desk=DESK, status=422)
    page = open_rows.page(form.wanted, window_of(request))
    context |= {"rows": page.rows, "now": db.now(), "query": form.query, **ways_on(page, form.kept)}
    return show(request, "staff/operations_open.html", context, desk=DESK)


@staff_page("see_operations", "export_costs")
@require_GET
def open_csv(request: StaffRequest) -> HttpResponseBase:
    """The same as a file, all of them."""
    params.check(request.GET, FILTERS)
    form = OpenForm(request.GET)
    if not form.is_valid():
        return show(request, "staff/operations_open.html", {"part": "open", "form": form}, desk=DESK, status=422)
    found = every(partial(open_rows.page, form.wanted))
    batches = ([_open_cells(row) for row in rows] for rows in found)
    return csv_of(request, name="open-generations", header=OPEN_HEAD, batches=batches, about=form.query)


@staff_page("see_operations")
@require_safe
def late_list(request: StaffRequest) -> HttpResponseBase:
    """Results that came after the end: kept, never charged."""
    params.check(request.GET, PLACES)
    page = open_rows.late_page(window_of(request))
    context = {"part": "late", "rows": open_rows.late_of(page.rows), **ways_on(page, {})}
    return show(request, "staff/operations_late.html", context, desk=DESK)


@staff_page("see_operations", "export_costs")
@require_GET
def late_csv(request: StaffRequest) -> HttpResponseBase:
    """The same as a file, all of them; what they cost us for those who see costs."""
    params.check(request.GET, frozenset())
    costs = may(request.user, "see_costs")
    batches = (
        [_late_cells(late, costs=costs) for late in open_rows.late_of(rows)] for rows in every(open_rows.late_page)
    )
    header = [*LATE_HEAD, *(money_heads("cost") if costs else [])]
    return csv_of(request, name="late-results", header=header, batches=batches)


@staff_page("see_operations")
@require_safe
def generation(request: StaffRequest, public_id: str) -> HttpResponseBase:
    """One generation; with `task_id` in the address of one in doubt, what the provider says of that task."""
    params.check(request.GET, frozenset({"task_id"}))
    found = open_rows.whole(public_id)
    asked = request.GET.get("task_id", "").strip()
    if not asked or not found.unknown or not may(request.user, "resolve_unknown"):
        return _generation(request, found)
    form = AttachForm({"task_id": asked})
    try:
        told = resolutions.look_up(generation=found.row, task_id=asked)
    except Problem as problem:
        status = tell(form, problem)
        form.errors.pop("reason", None)
        return _generation(request, found, attach=form, status=status)
    return _generation(request, found, attach=AttachForm(initial={"task_id": asked}), told=told)


@staff_page("resolve_unknown")
@require_POST
def attach(request: StaffRequest, public_id: str) -> HttpResponseBase:
    """Brings the task of one in doubt."""
    found = open_rows.whole(public_id)
    form = AttachForm(request.POST)
    if not form.is_valid():
        return _generation(request, found, attach=form, status=422)
    try:
        resolutions.attach(generation_id=found.row.pk, by=request.staff, **form.cleaned_data)
    except Conflict as problem:  # a callback or somebody else was faster
        messages.warning(request, problem.detail)
    except Problem as problem:
        return _generation(request, found, attach=form, status=tell(form, problem))
    else:
        messages.success(request, "The task is attached: it is running, and what the provider's record says decides.")
    return redirect("operations_generation", public_id)


@staff_page("resolve_unknown")
@require_POST
def release(request: StaffRequest, public_id: str) -> HttpResponseBase:
    """Gives one in doubt up: what it held goes back to the team."""
    found = open_rows.whole(public_id)
    form = ReleaseForm(request.POST)
    if not form.is_valid():
        return _generation(request, found, release=form, status=422)
    try:
        resolutions.release(generation_id=found.row.pk, by=request.staff, **form.cleaned_data)
    except Conflict as problem:
        messages.warning(request, problem.detail)
    except Problem as problem:
        return _generation(request, found, release=form, status=tell(form, problem))
    else:
        messages.success(
            request, "Released: the team has its credit back. The possible cost is booked as unattributed."
        )
    return redirect("operations_generation", public_id)


def _generation(
    request: StaffRequest,
    found: open_rows.Whole,
    *,
    attach: AttachForm | None = None,
    release: ReleaseForm | None = None,
    told: Told | None = None,
    status: int = 200,
) -> HttpResponseBase:
    context = {
        "part": "open",
        "found": found,
        "row": found.row,
        "now": db.now(),
        "attach": attach or AttachForm(),
        "release": release or ReleaseForm(),
        "told": told,
        "attaching": attach is not None,
        "releasing": release is not None,
    }
    return show(request, "staff/operations_generation.html", context, desk=DESK, status=status)


def _open_cells(row: Generation) -> tuple[Value, ...]:
    return (
        *(row.public_id, row.team.name, row.provider, row.model, row.status, stamp(row.created_at)),
        stamp(row.status_at),
        stamp(row.next_action_at) if row.next_action_at else None,
        *(stamp(row.deadline_at), getattr(row, "tries", 0), row.polls, *money(row.hold_amount)),
        row.provider_task_id,
    )


def _late_cells(late: open_rows.Late, *, costs: bool) -> tuple[Value, ...]:
    row, made = late.row, late.row.generation
    return (
        *(made.public_id, made.team.name, made.provider, made.model, made.status, made.reason, row.provider_task_id),
        late.outputs,
        stamp(late.until) if late.until else None,
        *(stamp(row.created_at), *(money(row.cost) if costs else [])),
    )
