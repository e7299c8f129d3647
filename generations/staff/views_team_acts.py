"""What staff do about a team: each act with a duty, a reason and a page that says what it will do before it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from accounts import standing
from accounts.audit import Staff
from accounts.forms_teams import sent, tell
from accounts.models import Team
from billing import adjustments, freezes, restrictions
from generations.oversight import team_page, team_previews
from generations.oversight.teams import by_id
from generations.staff.desk import StaffRequest, may, require, show, staff_page
from generations.staff.forms_teams import AdjustForm, GrantForm, NoteForm, ReasonForm
from project import db
from project.errors import NotFound, Problem
from project.money import dollars

DESK = "teams"
BOTH = ["GET", "HEAD", "POST"]


@dataclass(frozen=True)
class Act:
    """An act that takes a reason alone. `says` is what it will do; `do` does it."""

    duty: str
    title: str
    button: str
    done: str
    says: tuple[str, ...]
    do: Callable[[Team, Staff, str], object]


def _standing(verb: Callable[..., Team]) -> Callable[[Team, Staff, str], object]:
    return lambda team, by, reason: db.in_transaction(lambda: verb(team=team, by=by.user, reason=reason))


ACTS = {
    "freeze": Act(
        "freeze_wallets",
        "Freeze the wallet",
        "Freeze",
        "The wallet is frozen.",
        (
            "Nothing new can be made: the pages, the studio and the API say that the wallet is frozen, and why.",
            "What is under way ends as it would: it is charged or released.",
            "The team can still read, download and buy credit by hand; automatic recharge waits.",
            "Its owners and billing people are told by mail, with your reason.",
        ),
        lambda team, by, reason: freezes.freeze(team=team, by=by, reason=reason),
    ),
    "unfreeze": Act(
        "freeze_wallets",
        "Unfreeze the wallet",
        "Unfreeze",
        "The wallet is not frozen any more.",
        ("The team can make new things again, and is told by mail, with your reason.",),
        lambda team, by, reason: freezes.unfreeze(team=team, by=by, reason=reason),
    ),
    "restrict": Act(
        "restrict_teams",
        "Restrict the team",
        "Restrict",
        "The team is restricted.",
        (
            "It can make nothing new and buy no credit; what it made stays its own to read and download.",
            "Only staff lift it: money that comes in does not.",
            "Its owners and billing people are told by mail, with your reason.",
        ),
        lambda team, by, reason: restrictions.restrict_by_staff(team=team, by=by, reason=reason),
    ),
    "lift": Act(
        "restrict_teams",
        "Lift the restriction",
        "Lift",
        "The restriction is lifted.",
        (
            "The team can make and buy again, and is told by mail.",
            "What was written off until now is forgiven.",
        ),
        lambda team, by, reason: restrictions.lift(team=team, by=by, reason=reason),
    ),
    "suspend": Act(
        "suspend_teams",
        "Suspend the team",
        "Suspend",
        "The team is suspended.",
        (
            "It can start nothing new, by page or by API key, and its share links show nothing.",
            "It keeps its money, its keys and its history; what is under way ends as it would.",
        ),
        _standing(standing.suspend),
    ),
    "reinstate": Act(
        "suspend_teams",
        "Reinstate the team",
        "Reinstate",
        "The team is active.",
        ("Everything works again as before.",),
        _standing(standing.reinstate),
    ),
}


@staff_page("see_teams")
@require_http_methods(BOTH)
def act(request: StaffRequest, public_id: str, name: str) -> HttpResponse:
    """The page of an act that takes a reason; POST does it."""
    if name not in ACTS:
        raise NotFound("There is no such page.")
    what = ACTS[name]
    require(request, what.duty)
    team = by_id(public_id)
    form, status = ReasonForm(sent(request)), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                what.do(team, request.staff, form.cleaned_data["reason"])
            except Problem as problem:
                status = tell(form, problem)
            else:
                messages.success(request, f"{team.name}: {what.done}")
                return redirect("staff_team", team.public_id)
    context = {"team": team, "form": form, "title": what.title, "button": what.button, "says": what.says}
    return show(request, "staff/team_act.html", {**context, "confirms": True}, desk=DESK, status=status)


@staff_page("grant_credit")
@require_http_methods(BOTH)
def grant(request: StaffRequest, public_id: str) -> HttpResponse:
    """Gives credit: form, then what it will do, then it is done."""

    def do(team: Team, form: GrantForm) -> HttpResponse:
        given = adjustments.grant(**_asked(request, team, form))
        if given.adjustment is not None:
            messages.warning(request, "It waits for a second person now.")
            return redirect("staff_adjustment", given.adjustment.public_id)
        messages.success(request, f"{team.name}: {dollars(form.micro)} granted.")
        return redirect("staff_team", team.public_id)

    return _money(request, public_id, GrantForm(sent(request)), "Grant credit", do)


@staff_page("adjust_credit")
@require_http_methods(BOTH)
def adjust(request: StaffRequest, public_id: str) -> HttpResponse:
    """Adds or takes credit: form, then what it will do, then it is done, or waits for a second person."""

    def do(team: Team, form: GrantForm) -> HttpResponse:
        row = adjustments.propose(**_asked(request, team, form))
        if row.state == "proposed":
            messages.warning(request, "It waits for a second person now.")
        else:
            messages.success(request, f"{team.name}: the adjustment is {row.state}.")
        return redirect("staff_adjustment", row.public_id)

    return _money(request, public_id, AdjustForm(sent(request)), "Adjust credit", do)


@staff_page("see_teams")
@require_http_methods(BOTH)
def adjustment(request: StaffRequest, public_id: str) -> HttpResponse:
    """One adjustment. POST with `do`: post or refuse it as the second person, or withdraw one's own."""
    row = team_page.adjustment(public_id)
    form, status = NoteForm(sent(request)), 200
    if request.method == "POST":
        status, did = 422, request.POST.get("do", "")
        verb = {"post": adjustments.post, "refuse": adjustments.refuse, "withdraw": adjustments.withdraw}.get(did)
        if verb is None:
            raise NotFound("There is no such act.")
        require(request, *(adjustments.WITHDRAW if did == "withdraw" else (adjustments.DECIDE,)))
        if form.is_valid():
            try:
                row = verb(adjustment=row, by=request.staff, note=form.cleaned_data["note"])
            except Problem as problem:
                status = tell(form, problem)
            else:
                messages.success(request, f"The adjustment is {row.state}.")
                return redirect("staff_adjustment", row.public_id)
    own = row.proposed_by_id == request.user.pk
    context = {
        "row": row,
        "team": row.team,
        "form": form,
        "says": team_previews.of_change(row.team, row.amount, row.expires_at) if row.state == "proposed" else [],
        "may_decide": row.state == "proposed" and not own and may(request.user, adjustments.DECIDE),
        "may_withdraw": row.state == "proposed" and own and any(may(request.user, act) for act in adjustments.WITHDRAW),
    }
    return show(request, "staff/adjustment.html", context, desk=DESK, status=status)


def _asked(request: StaffRequest, team: Team, form: GrantForm) -> dict[str, Any]:
    reason, once = form.cleaned_data["reason"], form.cleaned_data["once"]
    given = {"team": team, "amount": form.micro, "reason": reason, "by": request.staff}
    return {**given, "once": once, "expires_at": form.ends}


def _money(
    request: StaffRequest, public_id: str, form: GrantForm, title: str, do: Callable[[Team, GrantForm], HttpResponse]
) -> HttpResponse:
    """GET asks, POST shows what it would do, POST with `confirmed` does it."""
    team = by_id(public_id)
    context: dict[str, Any] = {"team": team, "form": form, "title": title, "button": "Go on", "says": []}
    status = 200
    if request.method == "POST":
        if not form.is_valid():
            status = 422
        elif request.POST.get("confirmed") == "yes":
            try:
                return do(team, form)
            except Problem as problem:
                status = tell(form, problem)
        else:
            limit = team_previews.of_limit(form.micro, request.user)
            says = [*team_previews.of_change(team, form.micro, form.ends), *limit]
            kept = [(name, value) for name, value in request.POST.items() if name in form.fields]
            context |= {"says": says, "kept": kept, "button": title, "confirms": True}
    else:
        context["says"] = team_previews.of_wallet(team)
    return show(request, "staff/team_act.html", context, desk=DESK, status=status)
