"""Looking at a team's pages as staff: read only, for half an hour, with a reason, and the team sees that staff looked.

The view lives in the staff member's session. Whoever looks is an Actor without a membership that may read and nothing
else: pages decide by permissions as ever, and whatever writes refuses (authority.still). Any other method than GET and
HEAD ends at ViewingMiddleware, and so does every page that asks for a fresh proof of identity.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts import audit, duties, factors, roles
from accounts.actors import Actor
from accounts.audit import Staff
from accounts.models import Action, Team, User
from project import db
from project.errors import Forbidden
from project.middleware import Handler, answer, wants_json
from project.times import instant, stamp

log = logging.getLogger("project.access")

ACT = "view_as_team"
SESSION = "viewing"
LASTS = timedelta(minutes=30)
READS = frozenset({roles.SEE, roles.BILLING, roles.MANAGE})
CODE = "read_only"


@dataclass(frozen=True)
class View:
    """Whose pages are looked at by whom, and until when."""

    team: Team
    staff: User
    until: datetime

    @property
    def actor(self) -> Actor:
        """Who reads."""
        return Actor(team=self.team, permissions=READS, viewer=self.staff)


def begin(request: HttpRequest, *, team: Team, by: Staff, reason: str) -> datetime:
    """Begins to look at a team's pages in this session, and says until when. Its own transaction; the team's log tells
    of it with the reason, and not who. Raises Forbidden without the duty, Invalid without a reason."""
    until = db.now() + LASTS

    def write() -> None:
        duties.require(by, ACT)
        data = {"did": "began", "until": stamp(until), "reason": duties.reason_of(reason)}
        audit.record(Action.STAFF_VIEWED, by=by, team=team, target=team.public_id, target_name=team.name, data=data)

    db.in_transaction(write)
    request.session[SESSION] = {"team": team.pk, "staff": by.user.pk, "until": stamp(until)}
    _forget(request)
    return until


def end(request: HttpRequest) -> Team | None:
    """Ends the view of this session. Returns whose pages it was, or None."""
    kept = request.session.pop(SESSION, None)
    _forget(request)
    team = Team.objects.filter(pk=kept["team"]).first() if kept else None
    user = User.objects.filter(pk=kept["staff"]).first() if kept else None
    if team is None or user is None:
        return None
    audit.record(
        Action.STAFF_VIEWED,
        by=Staff(user),
        team=team,
        target=team.public_id,
        target_name=team.name,
        data={"did": "ended"},
    )
    return team


def of(request: HttpRequest) -> View | None:
    """The view of this session while it holds: the same person, still staff with the duty and a shown second factor,
    not past its time. Asked once a request; a session without one costs nothing."""
    if not hasattr(request, "session") or SESSION not in request.session:
        return None
    if not hasattr(request, "_view"):
        request._view = _of(request)  # type: ignore[attr-defined]
    found: View | None = request._view  # type: ignore[attr-defined]
    return found


def refusal(view: Actor | View) -> Forbidden:
    """What whoever looks and wants to do something is told."""
    words = f"You are looking at {view.team.name} as staff, read only: nothing can be sent or changed. End it first."
    return Forbidden(words, code=CODE)


def _of(request: HttpRequest) -> View | None:
    kept, user = request.session[SESSION], request.user
    if not isinstance(user, User) or user.pk != kept["staff"] or not user.is_active:
        return None
    until = instant(kept["until"])
    if not duties.may(user, ACT) or not factors.proven(request) or until <= db.now():
        return None
    team = Team.objects.filter(pk=kept["team"]).first()
    return View(team, user, until) if team is not None else None


def _forget(request: HttpRequest) -> None:
    if hasattr(request, "_view"):
        del request._view


class ViewingMiddleware:
    """Lets whoever looks as staff read and nothing else, writes each page into the access log, and ends the view when
    it no longer holds. Stands after authentication."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or wants_json(request):
            return self.get_response(request)  # programs have no session
        if SESSION not in request.session:
            return self.get_response(request)
        view = of(request)
        if view is None:
            end(request)
            return self.get_response(request)
        out = (reverse("staff_view_end"), reverse("account_logout"))
        if request.method not in ("GET", "HEAD") and request.path not in out:
            response = answer(request, refusal(view))
        else:
            response = self.get_response(request)
        match = request.resolver_match
        log.info(
            "%s /%s %d staff=%s viewing=%s",
            str(request.method)[:20],
            match.route if match else "",
            response.status_code,
            view.staff.pk,
            view.team.public_id,
        )
        return response
