"""The desk of operations: the queue with its heartbeat, and the checks of the books with their alarm."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.forms_teams import tell
from generations.oversight import books_log
from generations.staff.desk import StaffRequest, show, staff_page
from generations.staff.exports import csv_of
from generations.staff.forms_operations import PLACES, ClearForm
from generations.staff.places import ways_on, window_of
from generations.staff.views_operations import DESK
from project import db, params, queue
from project.errors import Problem
from project.paging import Window
from project.times import stamp

MOST = 5_000  # runs of two weeks: one in five minutes, one a night, and those that were asked for


@staff_page("see_operations")
@require_safe
def queue_page(request: StaffRequest) -> HttpResponseBase:
    """Lanes with their beats and jobs, and the last runs that raised."""
    context = {
        "part": "queue",
        "lanes": queue.states(),
        "failed": queue.failed(),
        "failed_today": queue.failed_since(db.now() - timedelta(days=1)),
    }
    return show(request, "staff/operations_queue.html", context, desk=DESK)


@staff_page("see_operations", "export_costs")
@require_GET
def queue_csv(request: StaffRequest) -> HttpResponseBase:
    """The lanes as a file."""
    header = ("lane", "beats", "seconds_since_beat", "limit_seconds", "queued", "taken", "oldest_seconds")
    rows = [
        (
            *(each.lane.name, "yes" if each.beats else "no", None if each.age is None else int(each.age)),
            *(int(each.lane.stale_after), each.queued, each.taken),
            None if each.oldest is None else int(each.oldest),
        )
        for each in queue.states()
    ]
    return csv_of(request, name="queue", header=header, batches=[rows])


@staff_page("see_operations", "export_costs")
@require_GET
def failures_csv(request: StaffRequest) -> HttpResponseBase:
    """The last runs that raised, as a file."""
    rows = [(row.name, " ".join(map(str, row.args)), row.error, stamp(row.at)) for row in queue.failed(most=1_000)]
    return csv_of(request, name="failed-jobs", header=("job", "of", "error", "at"), batches=[rows])


@staff_page("see_operations")
@require_safe
def books(request: StaffRequest) -> HttpResponseBase:
    """The last run of the checks, those before it, and the alarm."""
    params.check(request.GET, PLACES)
    return _books(request, ClearForm())


@staff_page("see_operations", "export_costs")
@require_GET
def books_csv(request: StaffRequest) -> HttpResponseBase:
    """The runs that are kept, as a file."""
    rows = (
        (
            stamp(row.ran_at),
            row.by,
            "all" if row.full else "recent",
            row.checks,
            row.took_ms,
            len(row.broken),
            "; ".join(row.broken),
        )
        for row in books_log.history(Window(MOST)).rows
    )
    header = ("at", "by", "days", "checks", "took_ms", "broken", "which")
    return csv_of(request, name="books", header=header, batches=[rows])


@staff_page("check_books")
@require_POST
def check(request: StaffRequest) -> HttpResponseBase:
    """Asks for a run of the checks."""
    if books_log.check_now(by=request.staff):
        messages.success(request, "The books are being checked. Look again in a moment.")
    else:
        messages.info(request, "They are being checked already: that run's result is the answer.")
    return redirect("operations_books")


@staff_page("check_books")
@require_POST
def clear(request: StaffRequest) -> HttpResponseBase:
    """Clears the alarm."""
    form = ClearForm(request.POST)
    if not form.is_valid():
        return _books(request, form, status=422)
    try:
        cleared = books_log.clear_alarm(by=request.staff, **form.cleaned_data)
    except Problem as problem:
        return _books(request, form, status=tell(form, problem))
    if cleared:
        messages.success(request, "The alarm is cleared: new generations are accepted again.")
    else:
        messages.info(request, "No alarm was open any more.")
    return redirect("operations_books")


def _books(request: StaffRequest, form: ClearForm, *, status: int = 200) -> HttpResponseBase:
    page = books_log.history(window_of(request))
    context = {
        "part": "books",
        "state": books_log.state(),
        "rows": page.rows,
        "alarms": books_log.alarms(),
        "form": form,
        **ways_on(page, {}),
    }
    return show(request, "staff/operations_books.html", context, desk=DESK, status=status)
