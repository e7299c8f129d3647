"""Looking at a team's own pages as the team sees them."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from accounts import viewing
from accounts.forms_teams import sent, tell
from generations.oversight.teams import by_id
from generations.staff.desk import StaffRequest, show, staff_page
from generations.staff.forms_teams import ReasonForm
from project.errors import Problem

SAYS = (
    "You see the team's pages as its owner would, and cannot send or change anything; pages that ask for a fresh proof"
    " of identity stay closed.",
    "It lasts 30 minutes, or until you end it. While it lasts nothing else can be sent in this browser either.",
    "The team's audit log says that staff looked, with your reason, and not who.",
)


@staff_page("view_as_team")
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: StaffRequest, public_id: str) -> HttpResponse:
    """Asks for the reason; POST begins and leads to the team's history."""
    team = by_id(public_id)
    form, status = ReasonForm(sent(request)), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                viewing.begin(request, team=team, by=request.staff, reason=form.cleaned_data["reason"])
            except Problem as problem:
                status = tell(form, problem)
            else:
                return redirect("/history")
    context = {"team": team, "form": form, "title": "Look as the team", "button": "Begin", "says": SAYS}
    return show(request, "staff/team_act.html", {**context, "confirms": True}, desk="teams", status=status)


@staff_page("view_as_team")
@require_POST
def end(request: StaffRequest) -> HttpResponse:
    """Ends it, and leads back to the team's desk."""
    team = viewing.end(request)
    if team is None:
        return redirect("staff_teams")
    messages.success(request, f"You no longer look at {team.name} as staff.")
    return redirect("staff_team", team.public_id)
