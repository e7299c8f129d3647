"""Pages about the team itself: make one, choose one, its settings, handing it over, closing it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import access, queries, roles, teams
from accounts.forms_teams import CloseForm, HandOverForm, NameForm, sent, tell
from accounts.pages import MemberRequest, member_page, person_page
from project.errors import Problem


@person_page()
@require_http_methods(["GET", "HEAD", "POST"])
def new_team(request: MemberRequest) -> HttpResponse:
    """A form for the name; then the new team is the one that this session acts for."""
    form, status = NameForm(sent(request)), 200
    if request.method == "POST":
        owner = access.person(request)
        try:
            team = teams.start(name=request.POST.get("name", ""), owner=owner)
        except Problem as problem:
            status = tell(form, problem)
        else:
            access.forget(request)
            access.choose_team(request, team.public_id)
            messages.success(request, f"{team.name} is ready. Invite the others.")
            return redirect("team")
    return render(request, "accounts/team_new.html", {"form": form}, status=status)


@person_page()
@require_POST
def switch_team(request: MemberRequest) -> HttpResponse:
    """The session acts for another team of the person."""
    access.choose_team(request, request.POST.get("team"))
    return redirect("/studio")


@person_page()
@require_http_methods(["GET", "HEAD", "POST"])
def go(request: MemberRequest, public_id: str) -> HttpResponse:
    """Where a mail about a team leads: to `to` at once when this session acts for that team, else after asking."""
    place = access.place(request, public_id)
    to = _path(request.POST.get("to") or request.GET.get("to") or "")
    if request.method == "POST":
        access.choose_team(request, public_id)
        return redirect(to)
    actor = access.actor_of_session(request)
    if actor.team.pk == place.team_id:
        return redirect(to)
    return render(request, "accounts/team_go.html", {"place": place, "to": to})


def _path(text: str) -> str:
    """A path of ours, and /studio for anything else."""
    ours = text.startswith("/") and url_has_allowed_host_and_scheme(text, allowed_hosts=None)
    return text if ours else "/studio"


@member_page(roles.OWN)
@require_safe
def settings(request: MemberRequest) -> HttpResponse:
    """The team's name, whether a second factor is required, and the ways out."""
    return _settings(request)


def _settings(
    request: MemberRequest, *, form: NameForm | None = None, problem: Problem | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "form": form or NameForm(initial={"name": request.actor.team.name}),
        "without_factor": queries.without_factor(request.actor),
        "problem": problem,
    }
    return render(request, "accounts/team_settings.html", context, status=problem.status if problem else status)


@member_page(roles.OWN)
@require_POST
def rename(request: MemberRequest) -> HttpResponse:
    try:
        team = teams.rename(by=request.actor, name=request.POST.get("name", ""))
    except Problem as problem:
        form = NameForm(request.POST)
        return _settings(request, status=tell(form, problem), form=form)
    messages.success(request, f"The team is called {team.name} now.")
    return redirect("team_settings")


@member_page(roles.OWN, fresh=True)
@require_POST
def second_factor(request: MemberRequest) -> HttpResponse:
    """`required` = yes or no."""
    if request.POST.get("required") == "yes":
        try:
            teams.require_mfa(by=request.actor)
        except Problem as problem:
            return _settings(request, problem=problem)
        messages.success(request, "From now on every member needs a second factor.")
    else:
        teams.no_longer_require_mfa(by=request.actor)
        messages.success(request, "A second factor is each member's own choice again.")
    return redirect("team_settings")


@member_page(roles.OWN, fresh=True)
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: MemberRequest) -> HttpResponse:
    """Who becomes the owner. The one who hands over stays as an admin."""
    people = queries.successors(request.actor)
    form, status = HandOverForm(sent(request), people=people), 200
    if request.method == "POST":
        chosen = next((row for row in people if row.public_id == request.POST.get("to")), None)
        try:
            if chosen is not None:
                teams.hand_over(by=request.actor, to=chosen)
                messages.success(request, f"{chosen.user.email} owns the team now; you are an admin.")
                return redirect("team")
            form.is_valid()  # says itself that nobody of the list was chosen
            status = 422
        except Problem as problem:
            status = tell(form, problem)
    context = {"form": form, "people": people}
    return render(request, "accounts/team_hand_over.html", context, status=status)


@member_page(roles.OWN, fresh=True)
@require_http_methods(["GET", "HEAD", "POST"])
def close(request: MemberRequest) -> HttpResponse:
    """What closing does; the team's name, typed, does it."""
    form, status = CloseForm(sent(request)), 200
    if request.method == "POST":
        try:
            team = teams.close(by=request.actor, typed_name=request.POST.get("name", ""))
        except Problem as problem:
            status = tell(form, problem)
        else:
            messages.success(request, f"{team.name} is closing. It is closed when nothing is under way any more.")
            return redirect("team")
    return render(request, "accounts/team_close.html", {"form": form}, status=status)
