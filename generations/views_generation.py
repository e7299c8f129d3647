"""One generation: its outputs, inputs, timeline and receipt, live until its end; making the same again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from accounts import access as team_access
from accounts import roles
from accounts.pages import MemberRequest, member_page
from generations import access, again, generation_page, outcomes
from generations.models import Generation
from project.errors import Conflict, Problem

_PRESS = re.compile(r"[0-9a-f]{32}", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,16}", re.ASCII)


@member_page(roles.SEE)
@require_safe
def generation(request: MemberRequest, public_id: str) -> HttpResponse:
    """The page."""
    return _page(request, access.generation(request.actor, public_id))


@member_page(roles.SEE)
@require_safe
def live(request: MemberRequest, public_id: str) -> HttpResponse:
    """Only the progress while the version that is shown still holds; all that changes with it when something happened:
    what stands still (inputs, buttons) is never touched, so that nobody's focus is."""
    row = access.generation(request.actor, public_id)
    if request.GET.get("version") == str(row.status_version) and not row.ended:
        standing = generation_page.standing(request.actor, row)
        return render(request, "generations/_progress.html", standing)
    context = {**generation_page.live(request.actor, row), "live": True}
    context["sharing"] = generation_page.sharing(request.actor, row)
    response = render(request, "generations/_generation_live.html", context)
    response["HX-Retarget"] = "#stage"
    response["HX-Reswap"] = "outerHTML"
    return response


@member_page(roles.SEE)
@require_safe
def webhook(request: MemberRequest, public_id: str) -> HttpResponse:
    """What its webhook address was told, alone; nothing (204) while what is shown still holds."""
    row = access.generation(request.actor, public_id)
    context = {"row": row, **generation_page.told(request.actor, row)}
    if context["hook_every"] and request.GET.get("version") == context["hook_version"]:
        return HttpResponse(status=204)
    return render(request, "generations/_webhook.html", context)


@member_page(roles.SEE)
@require_POST
def cancel(request: MemberRequest, public_id: str) -> HttpResponse:
    """Cancels while it is queued; too late is said on the page itself."""
    row = access.generation(request.actor, public_id)
    team_access.require(request.actor, roles.MAKE)
    try:
        outcomes.cancel(generation_id=row.pk, actor=request.actor.name)
    except Conflict as problem:
        messages.warning(request, problem.detail)
    return redirect("generation", row.public_id)


@member_page(roles.SEE)
@require_POST
def make_again(request: MemberRequest, public_id: str) -> HttpResponse:
    """The same input once more at the price that the button said; what stands against it is said on the page."""
    row = access.generation(request.actor, public_id)
    team_access.require(request.actor, roles.MAKE)
    agreed, press = request.POST.get("agreed", ""), request.POST.get("press", "")
    try:
        made, answer = again.make(
            actor=request.actor,
            generation=row,
            agreed=int(agreed) if _AMOUNT.fullmatch(agreed) else 0,  # nothing was agreed to: the price is asked first
            press=press if _PRESS.fullmatch(press) else "",
        )
    except Problem as problem:
        return _page(request, row, problem=problem.as_json(), status=problem.status)
    if answer.status != 201:
        return _page(request, row, problem=answer.body, status=answer.status)
    if made is None:
        messages.info(request, "This was sent before: here it is. To make another, press “Make again” on this page.")
    return redirect("generation", answer.body["id"])


def _page(
    request: MemberRequest, row: Generation, *, problem: Mapping[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    context = generation_page.whole(request.actor, row, problem=problem)
    return render(request, "generations/generation.html", context, status=status)
