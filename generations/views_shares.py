"""Share links: making and revoking them on a generation's page, and the public page that a link opens."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import access as team_access
from accounts import roles
from accounts.pages import MemberRequest, member_page
from generations import access, generation_page, share_queries, shares
from generations.models import Generation
from project import appearance, limits, origin
from project.errors import Gone, NotFound, Problem, RateLimited
from project.limit_settings import Policy

OPENS = Policy("share", quota=120, seconds=60)  # of one address: nobody guesses a signature, nor tries for long
REVOKED = "The link is revoked. Files that somebody has open can still be fetched for up to an hour."
_DAYS = re.compile(r"[0-9]{1,3}", re.ASCII)
_PRESS = re.compile(r"[0-9a-f]{32}", re.ASCII)


@member_page(roles.SEE)
@require_POST
def make(request: MemberRequest, public_id: str) -> HttpResponse:
    """A new link; what is wrong is said beside the form."""
    row = access.generation(request.actor, public_id)
    team_access.require(request.actor, roles.MAKE)
    days, press = request.POST.get("days", ""), request.POST.get("press", "")
    shows_inputs = "shows_inputs" in request.POST
    try:
        share = shares.make(
            by=request.actor,
            generation=row,
            days=int(days) if _DAYS.fullmatch(days) else 0,
            shows_inputs=shows_inputs,
            press=press if _PRESS.fullmatch(press) else "",
        )
    except Problem as problem:
        return _answer(request, row, problem=problem, days=days, shows_inputs=shows_inputs, status=problem.status)
    return _answer(request, row, made=share.public_id)


@member_page(roles.SEE)
@require_POST
def revoke(request: MemberRequest, public_id: str, share_id: str) -> HttpResponse:
    """Ends a link; a second press finds it ended."""
    row = access.generation(request.actor, public_id)
    share = access.share(request.actor, row, share_id)
    team_access.require(request.actor, roles.MAKE)
    shares.revoke(by=request.actor, share=share)
    return _answer(request, row, revoked=True)


def _answer(request: MemberRequest, row: Generation, *, status: int = 200, **said: Any) -> HttpResponse:
    """The section of links alone for htmx; else back to it, or the whole page with what is wrong."""
    if request.htmx:
        may_make = request.actor.may(roles.MAKE)
        context = {"row": row, "may_make": may_make, "sharing": generation_page.sharing(request.actor, row, **said)}
        return render(request, "generations/_shares.html", context, status=status if status < 400 else 200)
    if status >= 400:
        context = generation_page.whole(request.actor, row, said=said)
        return render(request, "generations/generation.html", context, status=status)
    messages.success(request, REVOKED if "revoked" in said else "The link is made: it stands below, under Share.")
    return redirect(f"{reverse('generation', args=[row.public_id])}#shares")


@never_cache
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """What a link shows, to anybody, signed in or not. 404 for what we did not sign, 410 with the reason for a link
    that has ended, 429 for one address that asks too often."""
    response = _shared(request, token)
    # The address is the secret: no search engine keeps it, no link on the page tells it.
    response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _shared(request: HttpRequest, token: str) -> HttpResponse:
    taken = limits.take(policy=OPENS, subject=limits.network(origin.current().ip or origin.UNKNOWN_ADDRESS))
    if not taken.allowed:
        busy = RateLimited("Too many links were opened from your network. Try again in a minute.")
        refused = _page(request, "generations/shared_gone.html", problem=busy)
        refused["Retry-After"] = str(taken.retry_after_seconds)
        return refused
    try:
        return _page(request, "generations/shared.html", opened=share_queries.opened(token))
    except (NotFound, Gone) as problem:
        return _page(request, "generations/shared_gone.html", problem=problem)


def _page(request: HttpRequest, template: str, *, problem: Problem | None = None, **context: Any) -> HttpResponse:
    """Rendered without the request: nobody's name, team or wallet can stand on it, and no form."""
    page = render_to_string(template, {"problem": problem, **context, **appearance.theme(request)})
    return HttpResponse(page, status=problem.status if problem else 200)
