"""Pages about who belongs to the team: the table, roles, removing, leaving."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import access, invitation_ends, members, queries, roles
from accounts.forms_teams import InviteForm, role_choices
from accounts.models import Role
from accounts.pages import MemberRequest, member_page, require_fresh
from project.errors import Problem


@member_page(roles.SEE)
@require_safe
def team(request: MemberRequest) -> HttpResponse:
    """Who belongs to the team, who is invited, and the form to invite."""
    return page(request)


def page(
    request: MemberRequest, form: InviteForm | None = None, *, problem: Problem | None = None, status: int = 200
) -> HttpResponse:
    """The page as it is, with a form that was refused, or with what was wrong with an act on one of its lines."""
    actor = request.actor
    manages = actor.may(roles.MANAGE)
    if form is None and manages:
        form = InviteForm(roles=invitation_ends.roles_to_offer(actor.permissions))
    context = {
        "members": queries.members(actor),
        "invitations": queries.open_invitations(actor),
        "form": form,
        "manages": manages,
        "problem": problem,
        "roles": role_choices(roles.grantable_roles(actor.permissions)) if manages else [],
    }
    return render(request, "accounts/team.html", context, status=problem.status if problem else status)


@member_page(roles.MANAGE)
@require_POST
def change_role(request: MemberRequest, public_id: str) -> HttpResponse:
    membership = access.membership(request.actor, public_id)
    role = request.POST.get("role", "")
    if role == Role.OWNER:
        require_fresh(request)
    try:
        row = members.change_role(by=request.actor, membership=membership, role=role)
    except Problem as problem:
        return page(request, problem=problem)
    messages.success(request, f"{row.user.email} is {row.role} now.")
    return redirect("team")


@member_page(roles.MANAGE)
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: MemberRequest, public_id: str) -> HttpResponse:
    """What removing somebody does, and the button that does it."""
    membership = access.membership(request.actor, public_id)
    problem = None
    if request.method == "POST":
        try:
            members.remove(by=request.actor, membership=membership)
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, f"{membership.user.email} no longer belongs to {request.actor.team.name}.")
            return redirect("team")
    context = {"membership": membership, "problem": problem}
    return render(request, "accounts/member_remove.html", context, status=problem.status if problem else 200)


@member_page(roles.SEE)
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: MemberRequest) -> HttpResponse:
    """What leaving does, and the button that does it."""
    problem = None
    if request.method == "POST":
        try:
            members.leave(by=request.actor)
        except Problem as refused:
            problem = refused
        else:
            request.session.pop(access.SESSION_TEAM, None)
            messages.success(request, f"You have left {request.actor.team.name}.")
            return redirect("/studio")
    context = {"problem": problem, "alone": not queries.owners_beside(request.actor)}
    return render(request, "accounts/team_leave.html", context, status=problem.status if problem else 200)
