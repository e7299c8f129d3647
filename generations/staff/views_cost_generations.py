"""From a figure to the generations behind it, and everything about one of them."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.http import HttpResponseBase
from django.views.decorators.http import require_GET, require_safe

from generations.oversight import drill_down, story
from generations.staff import costs_csv
from generations.staff.desk import StaffRequest, show, staff_page
from generations.staff.exports import csv_of
from generations.staff.forms_costs import GenerationsForm
from generations.staff.places import ways_on, window_of
from generations.staff.views_costs import PARAMETERS as FIGURES
from generations.staff.views_costs import frame
from project import db, params
from project.paging import every

PARAMETERS = (FIGURES - {"sort"}) | {"status", "verdict"}


@staff_page("see_costs")
@require_safe
def generations(request: StaffRequest) -> HttpResponseBase:
    """The generations behind a figure, newest end first, with what all of them come to."""
    params.check(request.GET, PARAMETERS | {"older", "newer"})
    form, context = _asked(request)
    if not form.asked():
        return show(request, "staff/costs_generations.html", context, desk="costs", status=422)
    wanted = form.wanted
    page = drill_down.page(wanted, window_of(request))
    context |= {
        "page": page,
        "sums": drill_down.totals(wanted),
        "query": form.query,
        **ways_on(page, form.kept),
    }
    return show(request, "staff/costs_generations.html", context, desk="costs")


@staff_page("see_costs", "export_costs")
@require_GET
def generations_csv(request: StaffRequest) -> HttpResponseBase:
    """All of them as a file, streamed."""
    params.check(request.GET, PARAMETERS)
    form, context = _asked(request)
    if not form.asked():
        return show(request, "staff/costs_generations.html", context, desk="costs", status=422)
    wanted = form.wanted
    return csv_of(
        request,
        name=f"generations-{wanted.scope.first}-{wanted.scope.last}",
        header=costs_csv.GENERATIONS,
        batches=costs_csv.generations(every(lambda window: drill_down.page(wanted, window))),
        about=wanted.words,
    )


@staff_page("see_costs")
@require_safe
def generation(request: StaffRequest, public_id: str) -> HttpResponseBase:
    """Everything about one generation's money and what happened to it."""
    return show(request, "staff/costs_generation.html", {"story": story.of(public_id)}, desk="costs")


def _asked(request: StaffRequest) -> tuple[GenerationsForm, dict[str, Any]]:
    form = GenerationsForm(request.GET, today=db.now().astimezone(UTC).date())
    return form, frame(form)
