"""The desk of teams: find one, see why its balance is what it is, every table as a file."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from billing import forms_statements
from billing.forms_statements import PeriodForm
from generations.oversight import team_find, team_page, team_tables
from generations.staff.desk import StaffRequest, show, staff_page
from generations.staff.exports import csv_of
from generations.staff.forms_teams import FindForm
from project import params
from project.errors import NotFound
from project.money import usd
from project.paging import Side, Window

DESK = "teams"
MOST = 1_000  # teams in a file
LONGEST_ID = 18  # digits


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
        "word": word,
        "found": found,
        "older": f"?{older}" if older else "",
        "waiting": team_page.waiting(),
        "query": urlencode({"q": word}) if word else "",
    }
    return show(request, "staff/teams.html", context, desk=DESK)


@staff_page("see_teams")
@require_safe
def teams_csv(request: StaffRequest) -> HttpResponseBase:
    """The same as a file, at most 1,000."""
    params.check(request.GET, frozenset({"q"}))
    word = request.GET.get("q", "")
    header = ["team", "name", "standing", "balance_micro", "balance_usd", "held_micro", "held_usd", "since"]
    rows = [
        (
            *(row.team.public_id, row.team.name, row.standing),
            *(row.balance, usd(row.balance), row.held, usd(row.held)),
            row.team.created_at.isoformat(),
        )
        for row in team_find.find(word, most=MOST).rows
    ]
    return csv_of(request, name="teams", header=header, batches=[rows], about=word)


@staff_page("see_teams")
@require_safe
def team(request: StaffRequest, public_id: str) -> HttpResponse:
    """All about one team. A constant number of queries."""
    found = team_page.team(public_id)
    params.check(request.GET, frozenset())
    form = _period(request)
    start, end = form.moments
    context = {
        "team": found,
        "page": team_page.overview(found),
        "why": team_page.why(found, start, end),
        "period": urlencode(form.kept),
    }
    return show(request, "staff/team.html", context, desk=DESK)


@staff_page("see_teams")
@require_safe
def statement(request: StaffRequest, public_id: str) -> HttpResponse:
    """Why the balance is what it is, of any period, with each movement; `older` and `newer` are places in it."""
    params.check(request.GET, frozenset({"from", "to", "older", "newer"}))
    found = team_page.team(public_id)
    since = found.created_at.astimezone(UTC).date()
    form = _period(request)
    shortcuts = form.shown(forms_statements.of_statement(_today(), since))
    context: dict[str, Any] = {"team": found, "form": form, "shortcuts": shortcuts}
    if not form.is_valid():
        return show(request, "staff/team_statement.html", context, desk=DESK, status=422)
    why = team_page.why(found, *form.moments)
    side: Side = "newer" if request.GET.get("newer") else "older"
    place = request.GET.get(side)
    window = Window(team_page.LINES, side, tuple(place.split(".")) if place else None)
    table, page = team_page.lines(found, why.statement, window)
    context |= {
        "why": why,
        "table": table,
        "period": urlencode(form.kept),
        "newer": f"?{urlencode({**form.kept, 'newer': '.'.join(page.newer)})}" if page.newer else "",
        "older": f"?{urlencode({**form.kept, 'older': '.'.join(page.older)})}" if page.older else "",
    }
    return show(request, "staff/team_statement.html", context, desk=DESK)


@staff_page("see_teams")
@require_safe
def table_csv(request: StaffRequest, public_id: str, name: str) -> HttpResponseBase:
    """One of the tables as a file, at most 10,000 rows; `movements` of a period."""
    params.check(request.GET, frozenset({"from", "to"}))
    found = team_page.team(public_id)
    about = found.public_id
    if name == "movements":
        form = _period(request)
        if not form.is_valid():
            return statement(request, public_id)
        why = team_page.why(found, *form.moments)
        table = team_page.movements(found, why.statement, team_tables.MOST_CSV)
        about = f"{about} {form.first} {form.last}"
    elif name in team_tables.TABLES:
        table = team_tables.TABLES[name](found, most=team_tables.MOST_CSV)
    else:
        raise NotFound("There is no such table.")
    header, rows = team_tables.csv_of(table)
    return csv_of(request, name=f"team-{name}", header=header, batches=[rows], about=about)


def _period(request: StaffRequest) -> PeriodForm:
    """The period of the address; without one this month."""
    first, last = forms_statements.month_of(_today())
    form = PeriodForm(request.GET, first=first, last=last)
    form.is_valid()
    return form


def _today() -> date:
    return team_page.today().astimezone(UTC).date()


def _number(text: str | None) -> int | None:
    """A place in the list; None for what is none."""
    ok = text and text.isascii() and text.isdecimal() and len(text) <= LONGEST_ID
    return int(text) if text and ok else None
