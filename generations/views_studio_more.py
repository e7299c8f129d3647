"""Expand prompt: asked from the studio's form, looked at until its end, used or left. Only translates."""

from __future__ import annotations

import re
import secrets
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import access as team_access
from accounts import roles
from accounts.pages import MemberRequest, member_page
from generations import access, forms, studio_desk, studio_expansions, views_studio
from generations.models import Generation
from generations.studio_desk import Desk
from generations.studio_expansions import Panel
from project.errors import NotFound, Problem

_KEY = re.compile(r"[0-9a-f]{32}", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,16}", re.ASCII)


@member_page(roles.SEE)
@require_POST
def expand(request: MemberRequest, slug: str) -> HttpResponse:
    """One press below the prompt, `expand.do`: ask, see, use, undo, discard. Answers a script with the panel, and a
    browser without scripts with the whole form, everything in it kept."""
    desk = _desk(request, slug)
    team_access.require(request.actor, roles.MAKE)
    keeper = views_studio.Keeper(request)
    desk.data = forms.read(desk.schema, request.POST, pick=keeper)
    desk.errors = [*keeper.errors, *views_studio.count_into(request, desk)]
    panel, status = _pressed(request, desk)
    if request.htmx:
        return render(
            request, "generations/_expand_panel.html", {"desk": desk, "panel": panel, "live": True}, status=status
        )
    desk.expand = panel
    return views_studio.form_page(request, desk, status=422 if desk.errors else status)


@member_page(roles.SEE)
@require_safe
def expansion(request: MemberRequest, slug: str, public_id: str) -> HttpResponse:
    """The panel of an expansion as it stands, for a script that asks again until its end; others see its page."""
    desk, row = _desk(request, slug), access.generation(request.actor, public_id)
    if not request.htmx:
        return redirect("generation", row.public_id)
    return _shown(request, desk, studio_expansions.panel(entry=desk.entry, data=desk.data, row=_text(row)), 200)


def _shown(request: MemberRequest, desk: Desk, panel: Panel, status: int) -> HttpResponse:
    context = {"desk": desk, "panel": panel, "live": True}
    return render(request, "generations/_expand_panel.html", context, status=status)


def _desk(request: MemberRequest, slug: str) -> Desk:
    """The form of a model that a prompt can be written for."""
    desk = studio_desk.of(slug, request.actor.team)
    if desk.entry.kind == "text":
        raise NotFound("This model writes prompts itself.")
    return desk


def _text(row: Generation) -> Generation:
    if row.kind != "text":
        raise NotFound("There is no such text.")
    return row


def _pressed(request: MemberRequest, desk: Desk) -> tuple[Panel, int]:
    """What a press makes of the panel, and the status of the answer."""
    post, entry = request.POST, desk.entry
    style, do = " ".join(post.get("expand.style", "").split()), post.get("expand.do", "")
    if do == "ask":
        return _asked(request, desk, style)
    if do == "discard" or not post.get("expand.id"):
        return studio_expansions.idle(entry=entry, data=desk.data, style=style), 200
    shown: dict[str, Any] = {"style": style}
    row = _text(access.generation(request.actor, post["expand.id"]))
    if do in ("use", "undo"):
        shown["text"] = post.get("expand.text", "").replace("\r\n", "\n").strip()
    if do == "use" and shown["text"]:
        shown |= {"state": "used", "before": desk.data.get("prompt", "")}
        desk.data["prompt"] = shown["text"]
    elif do == "undo":
        desk.data["prompt"] = post.get("expand.before", "").replace("\r\n", "\n")
    return studio_expansions.panel(entry=entry, data=desk.data, row=row, **shown), 200


def _asked(request: MemberRequest, desk: Desk, style: str) -> tuple[Panel, int]:
    key, agreed = request.POST.get("expand.key", ""), request.POST.get("expand.most", "")
    try:
        found = studio_expansions.ask(
            actor=request.actor,
            entry=desk.entry,
            data=desk.data,
            style=style,
            agreed=int(agreed) if _AMOUNT.fullmatch(agreed) else None,
            key=key if _KEY.fullmatch(key) else secrets.token_hex(16),
        )
    except Problem as problem:
        shown, status = studio_expansions.told(problem), problem.status
    else:
        if isinstance(found, Generation):
            return studio_expansions.panel(entry=desk.entry, data=desk.data, row=found, style=style), 200
        shown, status = {**found, "sentences": [found["detail"]]}, int(found["status"])
    return studio_expansions.idle(entry=desk.entry, data=desk.data, style=style, problem=shown), status
