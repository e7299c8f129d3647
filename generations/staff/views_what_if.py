"""What a change of prices would have brought: one page, and its table of teams as a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponseBase
from django.views.decorators.http import require_GET, require_safe

from generations import catalog
from generations.oversight import what_if
from generations.staff.desk import StaffRequest, show, staff_page
from generations.staff.exports import csv_of, money, money_heads
from generations.staff.forms_prices import WhatIfForm
from project import params
from project.csv_safe import Value
from project.errors import Invalid

PARAMETERS = frozenset({"change", "of", "days"})


@staff_page("see_prices")
@require_safe
def page(request: StaffRequest) -> HttpResponseBase:
    """So many percent dearer or cheaper, of everything, a provider or a model, over the last days."""
    params.check(request.GET, PARAMETERS)
    form = WhatIfForm(request.GET.dict())
    if not form.is_valid():
        return show(request, "staff/what_if.html", {"form": form}, desk="prices", status=422)
    rise = _asked(form)
    of = str(form.cleaned_data["of"])
    context: dict[str, Any] = {
        "form": form,
        "found": rise.found,
        "floored": rise.floored,
        "query": request.GET.urlencode(),
        "one": of if of in catalog.ENTRIES else "",
        "of_words": form.of_words,
    }
    return show(request, "staff/what_if.html", context, desk="prices")


@staff_page("see_prices", "export_costs")
@require_GET
def page_csv(request: StaffRequest) -> HttpResponseBase:
    """Every team that it moves, the one that it moves most first."""
    params.check(request.GET, PARAMETERS)
    form = WhatIfForm(request.GET.dict())
    if not form.is_valid():
        raise Invalid(f"Choose a change, what it is of, and 1 to {what_if.MOST_DAYS} days.")
    names = ("charged", "today", "anew", "moved", "cost", "margin", "margin_anew")
    header = ["team_id", "team", "generations", *money_heads(*names)]
    lines: list[Sequence[Value]] = [
        [
            *(each.team, each.name, each.count),
            *(cell for name in names for cell in money(getattr(each, name))),
            each.moved_ppm,
        ]
        for each in _asked(form).found.teams
    ]
    about = f"{form['change'].value()} % on {form['of'].value() or 'everything'}, {form['days'].value()} days"
    return csv_of(request, name="what-if", header=[*header, "moved_ppm"], batches=[lines], about=about)


def _asked(form: WhatIfForm) -> what_if.Rise:
    asked = form.cleaned_data
    return what_if.rise(form.slugs, change_ppm=asked["change"], days=asked["days"])
