"""What teams pay less: who has a discount now, and each team's discounts with the form for another."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from accounts.forms_teams import sent, tell
from accounts.models import Team
from generations.models import TeamDiscount
from generations.oversight import discounts, teams
from generations.staff.desk import StaffRequest, require, show, staff_page
from generations.staff.exports import csv_of
from generations.staff.forms_prices import DiscountForm, FindTeamForm
from project import params
from project.csv_safe import Value
from project.errors import Invalid, Problem
from project.times import stamp


@staff_page("see_prices")
@require_safe
def listed(request: StaffRequest) -> HttpResponseBase:
    """The discounts in force and scheduled, and a field to find the team for another."""
    params.check(request.GET, frozenset({"team"}))
    form = FindTeamForm(request.GET if "team" in request.GET else None)
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                return redirect("price_discounts_of", teams.by_name(form.cleaned_data["team"]).public_id)
            except Invalid as problem:
                tell(form, problem)
    rows, more = discounts.standing()
    context = {"rows": rows, "more": more, "form": form}
    return show(request, "staff/discounts.html", context, desk="prices", status=status)


@staff_page("see_prices", "export_costs")
@require_GET
def listed_csv(request: StaffRequest) -> HttpResponseBase:
    """Every discount that there is or was, as a file."""
    params.check(request.GET, frozenset())
    header = ["team_id", "team", "model", "number", "discount_ppm", "from", "set", "by", "reason"]
    batches = (_lines(rows) for rows in discounts.all_of_them())
    return csv_of(request, name="discounts", header=header, batches=batches)


@staff_page("see_prices")
@require_http_methods(["GET", "HEAD", "POST"])
def of_team(request: StaffRequest, public_id: str) -> HttpResponseBase:
    """One team's discounts; a POST sets another."""
    params.check(request.GET, frozenset())
    team = teams.by_id(public_id)
    form = DiscountForm(sent(request), numbers=discounts.numbers(team))
    if request.method != "POST":
        return _page(request, team, form)
    require(request, "publish_prices")
    if not form.is_valid():
        return _page(request, team, form, status=422)
    kept = form.cleaned_data
    try:
        row = discounts.set_discount(
            team=team,
            model=kept["model"],
            ppm=kept["percent"],
            reason=kept["reason"],
            by=request.staff,
            effective_from=kept["effective_from"],
            made_from=form.seen,
            sell_below_cost=kept["sell_below_cost"],
        )
    except Problem as problem:
        return _page(request, team, form, status=tell(form, problem))
    messages.success(request, f"{team.name}: {discounts.words(row)}.")
    return redirect("price_discounts_of", team.public_id)


@staff_page("see_prices", "export_costs")
@require_GET
def of_team_csv(request: StaffRequest, public_id: str) -> HttpResponseBase:
    """One team's discounts as a file."""
    params.check(request.GET, frozenset())
    team = teams.by_id(public_id)
    header = ["model", "number", "discount_ppm", "from", "set", "by", "reason"]
    lines: list[Sequence[Value]] = [
        [
            *(row.model or "all", row.number, row.ppm, stamp(row.effective_from)),
            *(stamp(row.created_at), row.created_by, row.reason),
        ]
        for row in (each.row for each in discounts.history(team))
    ]
    return csv_of(request, name=f"discounts-{team.public_id}", header=header, batches=[lines], about=team.name)


def _lines(rows: Sequence[TeamDiscount]) -> list[Sequence[Value]]:
    return [
        [
            *(row.team.public_id, row.team.name, row.model or "all", row.number, row.ppm),
            *(stamp(row.effective_from), stamp(row.created_at), row.created_by, row.reason),
        ]
        for row in rows
    ]


def _page(request: StaffRequest, team: Team, form: DiscountForm, *, status: int = 200) -> HttpResponse:
    context = {"team": team, "form": form, "rows": discounts.history(team)}
    return show(request, "staff/discounts_of.html", context, desk="prices", status=status)
