"""The pages of a person's own settings: profile, address, sessions."""

from __future__ import annotations

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import access, addresses, people, sessions, tries, user_agents
from accounts.forms_settings import AddressForm, ProfileForm
from accounts.pages import MemberRequest, person_page
from project.errors import Invalid, RateLimited


@person_page()
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: MemberRequest) -> HttpResponse:
    """The person's name, and the teams they belong to."""
    form = ProfileForm(request.POST if request.method == "POST" else None, initial={"name": request.user.name})
    if form.is_bound and form.is_valid():
        try:
            people.rename(user=request.user, name=form.cleaned_data["name"])
        except Invalid as problem:
            _say(form, problem)
        else:
            messages.success(request, "Your name is saved.")
            return redirect("settings_profile")
    context = {"form": form, "memberships": access.memberships_of(request)}
    return render(request, "accounts/settings_profile.html", context, status=422 if form.errors else 200)


@person_page(fresh=True)
@require_http_methods(["GET", "HEAD", "POST"])
def address(request: MemberRequest) -> HttpResponse:
    """Asks for another address; shows the wish that waits for its confirmations."""
    form, status, headers = AddressForm(request.POST if request.method == "POST" else None), 200, {}
    if form.is_bound and form.is_valid():
        try:
            tries.spend(request, "change_address", key=form.cleaned_data["email"].strip().lower())
            addresses.ask(user=request.user, new=form.cleaned_data["email"])
        except Invalid as problem:
            _say(form, problem)
        except RateLimited as problem:
            form.add_error("email", problem.detail)
            status, headers = problem.status, problem.headers
        else:
            messages.success(request, "We have written to both addresses. Open both messages and confirm.")
            return redirect("settings_address")
    if form.errors and status == 200:
        status = 422
    context = {"form": form, "change": addresses.open_change(request.user)}
    answer = render(request, "accounts/settings_address.html", context, status=status)
    for name, value in headers.items():
        answer[name] = value
    return answer


@person_page(fresh=True)
@require_http_methods(["GET", "HEAD", "POST"])
def cancel_address(request: MemberRequest) -> HttpResponse:
    """Ends the wish that waits."""
    if request.method == "POST" and addresses.cancel(user=request.user):
        messages.success(request, "Your address stays as it is. The links in both messages are dead.")
    return redirect("settings_address")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def address_change(request: HttpRequest, token: str) -> HttpResponse:
    """Behind a link of a change of address, signed in or not: looking changes nothing, a button confirms or refuses."""
    if request.method == "POST":
        tries.spend(request, "confirm_address")
        if request.POST.get("answer") == "refuse":
            addresses.refuse(token)
        else:
            addresses.confirm(token, keep_session=request.session.session_key)
        return redirect("address_change", token=token)
    standing = addresses.look(token)
    status = 410 if standing.state == addresses.State.OVER else 200
    return render(request, "accounts/address_change.html", {"standing": standing, "token": token}, status=status)


@person_page()
@require_safe
def session_list(request: MemberRequest) -> HttpResponse:
    """Where the person is signed in."""
    rows = [
        {
            "row": row,
            "device": user_agents.in_short(row.user_agent) or "A program",
            "here": row.session_key == request.session.session_key,
        }
        for row in sessions.of(request.user)
    ]
    return render(request, "usersessions/usersession_list.html", {"sessions": rows})


@person_page(fresh=True)
@require_http_methods(["GET", "HEAD", "POST"])
def end_session(request: MemberRequest, session_id: int) -> HttpResponse:
    """Ends one of the person's sessions."""
    if request.method == "POST":
        sessions.end(user=request.user, session_id=session_id)
        messages.success(request, "The session has ended.")
    return redirect("settings_sessions")


@person_page(fresh=True)
@require_http_methods(["GET", "HEAD", "POST"])
def end_other_sessions(request: MemberRequest) -> HttpResponse:
    """Ends all of the person's sessions but this one."""
    if request.method == "POST":
        count = sessions.end_others(user=request.user, keep=request.session.session_key, tell=True)
        messages.success(request, f"You are signed out of {count} other browser{'' if count == 1 else 's'}.")
    return redirect("settings_sessions")


def _say(form: Form, problem: Invalid) -> None:
    """What a verb refused, beside its field."""
    for error in problem.errors:
        form.add_error(error.path, error.message)
