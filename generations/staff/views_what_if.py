"""What a change of prices would have brought: one page, and its table of teams as a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.http import HttpResponseBase
from django.views.decorators.http import require_GET, require_safe

from generations import catalog, offers
from generations.oversight import what_if
from generations.staff.desk import StaffRequest, require, show, staff_page
from generations.staff.exports import csv_of, money
from generations.staff.forms_prices import WhatIfForm
from project import db, params
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
    found, floored = _asked(form)
    of = str(form.cleaned_data["of"])
    context: dict[str, Any] = {
        "form": form,
        "found": found,
        "floored": floored,
        "query": request.GET.urlencode(),
        "one": of if of in catalog.ENTRIES else "",
        "of_words": form.of_words,
    }
    return show(request, "staff/what_if.html", context, desk="prices")


@staff_page("see_prices")
@require_GET
def page_csv(request: StaffRequest) -> HttpResponseBase:
    """Every team that it moves, the one that it moves most first."""
    require(request, "export_costs")
    params.check(request.GET, PARAMETERS)
    form = WhatIfForm(request.GET.dict())
    if not form.is_valid():
        raise Invalid("Choose a change, what it is of, and 1 to 366 days.")
    found, _ = _asked(form)
    names = ("charged", "today", "then", "moved", "cost", "margin", "margin_then")
    header = ["team_id", "team", "generations", *(f"{name}_{kind}" for name in names for kind in ("micro", "usd"))]
    lines: list[Sequence[Value]] = [
        [
            *(each.team, each.name, each.count),
            *(cell for name in names for cell in money(getattr(each, name))),
            each.moved_ppm,
        ]
        for each in found.teams
    ]
    about = f"{form['change'].value()} % on {form['of'].value() or 'everything'}, {form['days'].value()} days"
    return csv_of(request, name="what-if", header=[*header, "moved_ppm"], batches=[lines], about=about)


def _asked(form: WhatIfForm) -> tuple[what_if.WhatIf, list[str]]:
    """The answer; and the names of models that cannot become that much cheaper: they are priced at their rates."""
    change = form.cleaned_data["change"]
    versions = offers.current_prices()
    now = db.now()
    books = {
        slug: what_if.raised(catalog.get(slug), offers.book_of(versions[slug]), change)
        for slug in form.slugs
        if slug in versions
    }
    floored = [catalog.get(slug).name for slug in books if change < 0 and catalog.get(slug).unit == "token"]
    found = what_if.what_if(books, since=now - timedelta(days=form.cleaned_data["days"]), until=now)
    return found, floored
