"""Pages about invitations: sending, and the page that the link in the mail opens, for strangers too."""

from __future__ import annotations

import time
from typing import cast

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import access, invitation_ends, invitation_links, invitations, roles, sessions
from accounts.forms_teams import InviteForm, tell
from accounts.models import Invitation
from accounts.pages import MemberRequest, member_page, require_fresh
from accounts.views_members import page
from project.errors import Forbidden, Gone, NotFound, Problem


@member_page(roles.MANAGE)
@require_POST
def invite(request: MemberRequest) -> HttpResponse:
    email, role = request.POST.get("email", ""), request.POST.get("role", "")
    try:
        invitation = invitations.invite(by=request.actor, email=email, role=role)
    except Problem as problem:
        form = InviteForm(request.POST, roles=invitation_ends.roles_to_offer(request.actor.permissions))
        return page(request, form, status=tell(form, problem))
    messages.success(request, f"An invitation is on its way to {invitation.email}.")
    return redirect("team")


@member_page(roles.MANAGE)
@require_POST
def resend(request: MemberRequest, public_id: str) -> HttpResponse:
    row = access.invitation(request.actor, public_id)
    try:
        invitations.resend(by=request.actor, invitation=row)
    except Problem as problem:
        return page(request, problem=problem)
    messages.success(request, f"A new link is on its way to {row.email}; the one before has ended.")
    return redirect("team")


@member_page(roles.MANAGE)
@require_POST
def withdraw(request: MemberRequest, public_id: str) -> HttpResponse:
    row = access.invitation(request.actor, public_id)
    try:
        invitations.withdraw(by=request.actor, invitation=row)
    except Problem as problem:
        return page(request, problem=problem)
    messages.success(request, f"The invitation to {row.email} is withdrawn.")
    return redirect("team")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Who invites to what; POST accepts. Reading changes nothing. An invitation that cannot be used says why, with
    410, and what is no invitation of ours 404: the same to everybody."""
    member = cast(MemberRequest, request)
    try:
        found = invitation_links.find(token)
        if request.method == "POST":
            return _accept(member, token)
        return _show(member, found)
    except (NotFound, Gone) as problem:
        return render(request, "accounts/invitation_gone.html", {"problem": problem}, status=problem.status)


def _show(request: MemberRequest, found: Invitation, *, status: int = 200) -> HttpResponse:
    signed_in = request.user.is_authenticated
    theirs = signed_in and invitation_links.belongs_to(found, request.user)
    if not signed_in:
        # The link came to this address: whoever signs up with it need not confirm it once more.
        get_adapter().stash_verified_email(request, found.email)
    context = {
        "invitation": found,
        "theirs": theirs,
        "address": masked(found.email) if signed_in and not theirs else found.email,
    }
    return render(request, "accounts/invitation.html", context, status=status)


def _accept(request: MemberRequest, token: str) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect("invitation", token)
    _require_proof(request)
    try:
        membership = invitations.accept(token=token, user=access.person(request))
    except Forbidden:
        return _show(request, invitation_links.find(token), status=403)
    access.forget(request)
    access.choose_team(request, membership.team.public_id)
    messages.success(request, f"Welcome to {membership.team.name}. You are {membership.role} there.")
    return redirect("/studio")


def _require_proof(request: HttpRequest) -> None:
    """A proof of identity, a moment ago: signing in or up in this session is one (faults.md row 71). Otherwise asks,
    and comes back here with the same request."""
    signed_in_at = request.session.get(sessions.SIGNED_IN_AT, 0)
    if time.time() - signed_in_at > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
        require_fresh(request)


def masked(email: str) -> str:
    """`d•••@e•••.com`: enough for its owner to know it, too little for anybody else."""
    local, _, domain = email.partition("@")
    name, dot, end = domain.rpartition(".")
    return f"{local[:1]}•••@{name[:1]}•••{dot}{end}" if dot else f"{local[:1]}•••@{domain[:1]}•••"
