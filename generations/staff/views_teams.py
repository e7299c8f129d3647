"""The desk of teams: find one, see why its balance is what it is, every table as a file."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from billing import forms_statements
from billing.forms_statements import PeriodForm
from generations.oversight import story, team_find, team_page, team_tables
from generations.oversight.team_cells import Sight
from generations.oversight.teams import by_id
from generations.staff.desk import StaffRequest, show, staff_page
from generations.staff.exports import csv_of, csv_of_table, money, money_heads
from generations.staff.forms_teams import FindForm
from generations.staff.places import ways_on, window_of
from project import db, params
from project.errors import NotFound
from project.times import stamp

DESK = "teams"
LONGEST_ID = 18  # digits
HEAD = ("team", "name", "standing", *money_heads("balance", "held"), "since")


@staff_page("see_teams")
@require_safe
def teams(request: StaffRequest) -> HttpResponse:
    """Teams found by `q`, newest first; `before` continues the list."""
    params.check(request.GET, frozenset({"q", "before"}))
    word = request.GET.get("q", "")
    found = team_find.find(word, before=_number(request.GET.get("before")))
    older = urlencode({"q": word, "before": found.before}) if found.before else ""
    context = {
        "form": FindForm(initial={"q": word}),
        "found": found,
        "older": f"?{older}" if older else "",
        "waiting": team_page.waiting(),
        "query": urlencode({"q": word}) if word else "",
    }
    return show(request, "staff/teams.html", context, desk=DESK)


@staff_page("see_teams", "export_costs")
@require_safe
def teams_csv(request: StaffRequest) -> HttpResponseBase:
    """The same as a file, all of them."""
    params.check(request.GET, frozenset({"q"}))
    word = request.GET.get("q", "")
    batches = ([_cells(row) for row in rows] for rows in team_find.each(word))
    return csv_of(request, name="teams", header=HEAD, batches=batches, about=word)


@staff_page("see_teams")
@require_safe
def team(request: StaffRequest, public_id: str) -> HttpResponse:
    """All about one team. A constant number of queries."""
    found = by_id(public_id)
    params.check(request.GET, frozenset())
    form = _period(request)
    start, end = form.moments
    context = {
        "team": found,
        "page": team_page.overview(found, Sight.of(request.user)),
        "why": team_page.why(found, start, end),
        "period": urlencode(form.kept),
    }
    return show(request, "staff/team.html", context, desk=DESK)


@staff_page("see_teams")
@require_safe
def statement(request: StaffRequest, public_id: str) -> HttpResponse:
    """Why the balance is what it is, of any period, with each movement; `older` and `newer` are places in it."""
    params.check(request.GET, frozenset({"from", "to", "older", "newer"}))
    found = by_id(public_id)
    since = found.created_at.astimezone(UTC).date()
    form = _period(request)
    shortcuts = form.shown(forms_statements.of_statement(_today(), since))
    context: dict[str, Any] = {"team": found, "form": form, "shortcuts": shortcuts}
    if not form.is_valid():
        return show(request, "staff/team_statement.html", context, desk=DESK, status=422)
    why = team_page.why(found, *form.moments)
    table = team_page.movements(found, why.statement, Sight.of(request.user))
    page = table.read(window_of(request))
    context |= {
        "why": why,
        "table": table.part(page.rows),
        "period": urlencode(form.kept),
        **ways_on(page, form.kept),
    }
    return show(request, "staff/team_statement.html", context, desk=DESK)


@staff_page("see_teams", "export_costs")
@require_safe
def table_csv(request: StaffRequest, public_id: str, name: str) -> HttpResponseBase:
    """One of the tables as a file, all its rows; `movements` of a period."""
    params.check(request.GET, frozenset({"from", "to"}))
    found, sight = by_id(public_id), Sight.of(request.user)
    about = found.public_id
    if name == "movements":
        form = _period(request)
        if not form.is_valid():
            return statement(request, public_id)
        why = team_page.why(found, *form.moments)
        table = team_page.movements(found, why.statement, sight)
        about = f"{about} {form.first} {form.last}"
    elif name in team_tables.TABLES:
        table = team_tables.TABLES[name](found, sight)
    else:
        raise NotFound("There is no such table.")
    return csv_of_table(request, table, name=f"team-{name}", about=about)


@staff_page("see_teams")
@require_safe
def generation(request: StaffRequest, public_id: str) -> HttpResponse:
    """Why one generation of a team was charged, and what became of it: as the team may know it, without our costs."""
    params.check(request.GET, frozenset())
    return show(request, "staff/team_generation.html", {"story": story.of(public_id)}, desk=DESK)


def _cells(row: team_find.Found) -> tuple[Any, ...]:
    return (
        *(row.team.public_id, row.team.name, row.standing),
        *(*money(row.balance, row.held), stamp(row.team.created_at)),
    )


def _period(request: StaffRequest) -> PeriodForm:
    """The period of the address; without one this month."""
    first, last = forms_statements.month_of(_today())
    form = PeriodForm(request.GET, first=first, last=last)
    form.is_valid()
    return form


def _today() -> date:
    return db.now().astimezone(UTC).date()


def _number(text: str | None) -> int | None:
    """A place in the list; None for what is none."""
    ok = text and text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID
    return int(text) if text and ok else None
