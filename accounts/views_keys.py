"""Pages about API keys. A key's text stands on the page that answers the POST and nowhere else: not in the session,
not behind a redirect, in no cache. Sending the form again makes no second key; it says that the text was shown."""

from __future__ import annotations

import secrets

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import access, key_queries, keys, roles
from accounts.forms_keys import ChangeForm, KeyForm, LimitsForm, RotateForm, change_forms
from accounts.forms_teams import sent, tell
from accounts.models import ApiKey
from accounts.pages import MemberRequest, member_page, require_fresh
from project import db
from project.errors import Conflict, Problem

GET_AND_POST = ["GET", "HEAD", "POST"]


@member_page(roles.MANAGE)
@require_safe
def keys_of_team(request: MemberRequest) -> HttpResponse:
    """The table of keys; without one, what a key is for."""
    return render(request, "accounts/keys.html", {"listed": key_queries.listed(request.actor)})


@member_page(roles.MANAGE, fresh=True)
@require_http_methods(GET_AND_POST)
def new_key(request: MemberRequest) -> HttpResponse:
    """A form; the answer to its POST shows the new key's text, once."""
    actor, post = request.actor, sent(request)
    form = KeyForm(
        post,
        grantable=roles.grantable_scopes(actor.permissions),
        initial={"scopes": ["read", "generate"], "once": secrets.token_hex(16)},
    )
    limits, status = LimitsForm(post), 200
    if request.method == "POST":
        status = 422
        if form.is_valid() & limits.is_valid():
            terms = {**form.cleaned_data, **limits.cleaned_data}
            try:
                key, text = db.in_transaction(
                    lambda: keys.issue(
                        team=actor.team,
                        by=actor,
                        name=terms["name"],
                        scopes=terms["scopes"],
                        allowed_ips=terms["allowed_ips"],
                        allowed_models=terms["allowed_models"],
                        expires_at=form.expires_at(db.now()),
                        once=f"{actor.name}:{terms['once']}" if terms["once"] else "",
                    )
                )
            except Problem as problem:
                if problem.code == "already_issued":
                    return _shown_before(request, str(problem.extra["key"]), problem.detail)
                status = _tell(form, limits, problem)
            else:
                return _shown_once(request, key, text, "made")
    return render(request, "accounts/key_new.html", {"form": form, "limits": limits}, status=status)


@member_page(roles.MANAGE)
@require_http_methods(GET_AND_POST)
def one_key(request: MemberRequest, public_id: str) -> HttpResponse:
    """Everything about a key, and a form that changes it; the change asks for a fresh proof."""
    actor, shown = request.actor, key_queries.one(request.actor, public_id)
    grantable = roles.grantable_scopes(actor.permissions)
    if request.method != "POST":
        return _page(request, shown, *change_forms(shown.key, grantable=grantable))
    require_fresh(request)
    form = ChangeForm(request.POST, grantable=grantable)
    limits = LimitsForm(request.POST, kept=shown.key.allowed_models)
    if not form.is_valid() & limits.is_valid():
        return _page(request, shown, form, limits, status=422)
    try:
        key = db.in_transaction(
            lambda: keys.change(
                key=shown.key,
                by=actor,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                allowed_ips=limits.cleaned_data["allowed_ips"],
                allowed_models=limits.cleaned_data["allowed_models"],
                expires_at=form.expires_at(db.now()),
            )
        )
    except Problem as problem:
        return _page(request, shown, form, limits, status=_tell(form, limits, problem))
    messages.success(request, f"“{key.name}” is as you set it from now on.")
    return redirect("key", key.public_id)


@member_page(roles.MANAGE, fresh=True)
@require_http_methods(GET_AND_POST)
def rotate(request: MemberRequest, public_id: str) -> HttpResponse:
    """What rotation does; the answer to the POST shows the new text, once."""
    actor, shown = request.actor, key_queries.one(request.actor, public_id)
    form, status = RotateForm(sent(request), initial={"seen": shown.secrets}), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                key, text = db.in_transaction(
                    lambda: keys.rotate(
                        key=shown.key,
                        by=actor,
                        overlap=form.overlap_of(),
                        expires_at=form.expires_at(db.now()),
                        seen=form.seen_secrets(),
                    )
                )
            except Conflict as problem:
                if problem.code == "rotated_meanwhile":
                    return _shown_before(request, public_id, problem.detail)
                status = tell(form, problem)
            except Problem as problem:
                status = tell(form, problem)
            else:
                return _shown_once(request, key, text, "rotated")
    return render(request, "accounts/key_rotate.html", {"shown": shown, "form": form}, status=status)


@member_page(roles.MANAGE, fresh=True)
@require_http_methods(GET_AND_POST)
def end_old(request: MemberRequest, public_id: str) -> HttpResponse:
    """Ends the secrets before the present one, after asking."""
    key = access.api_key(request.actor, public_id)
    if request.method == "POST":
        ended = db.in_transaction(lambda: keys.end_old_secrets(key=key, by=request.actor))
        messages.success(
            request, "Only the present secret works now." if ended else "No earlier secret worked any more."
        )
        return redirect("key", key.public_id)
    context = {"shown": key_queries.one(request.actor, public_id), "secrets": key_queries.working_secrets(key)}
    return render(request, "accounts/key_end_old.html", context)


@member_page(roles.MANAGE, fresh=True)
@require_http_methods(GET_AND_POST)
def revoke(request: MemberRequest, public_id: str) -> HttpResponse:
    """Ends a key for good, after asking."""
    if request.method == "POST":
        key = access.api_key(request.actor, public_id)
        db.in_transaction(lambda: keys.revoke(key=key, by=request.actor))
        messages.success(request, f"“{key.name}” is revoked. Programs that use it get a 401 from now on.")
        return redirect("keys")
    return render(request, "accounts/key_revoke.html", {"shown": key_queries.one(request.actor, public_id)})


def _page(
    request: MemberRequest, shown: key_queries.Shown, form: ChangeForm, limits: LimitsForm, *, status: int = 200
) -> HttpResponse:
    context = {
        "shown": shown,
        "form": form,
        "limits": limits,
        "secrets": key_queries.working_secrets(shown.key) if shown.usable else [],
    }
    return render(request, "accounts/key.html", context, status=status)


def _shown_once(request: MemberRequest, key: ApiKey, text: str, done: str) -> HttpResponse:
    """The one page with a key's text; `done` is made or rotated."""
    response = render(request, "accounts/key_shown.html", {"key": key, "text": text, "done": done})
    response["Cache-Control"] = "no-store"
    return response


def _shown_before(request: MemberRequest, public_id: str, why: str) -> HttpResponse:
    """The form came again, or somebody else was faster: nothing was done, and the text is not to be had again."""
    context = {"shown": key_queries.one(request.actor, public_id), "why": why}
    return render(request, "accounts/key_shown_before.html", context, status=409)


def _tell(form: KeyForm, limits: LimitsForm, problem: Problem) -> int:
    """Each refusal beside its field, in whichever of the two forms has it."""
    if not problem.errors:
        form.add_error(None, problem.detail)
    for error in problem.errors:
        place = {"expires_at": "day"}.get(error.path, error.path)
        owner = limits if place in limits.fields else form
        owner.add_error(place if place in owner.fields else None, f"{error.message[:1].upper()}{error.message[1:]}.")
    return problem.status
