"""Sessions of people in browsers: how long they last, which there are, and ending them (faults.md E4).

A session ends 12 hours after it was last used (30 minutes for staff) and 14 days after the sign-in, by stamps in the
session itself. They are written at most every 5 minutes, so an idle session ends up to 5 minutes early, never late.
allauth's UserSession rows are the list of them that a person sees.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib import auth
from django.contrib.sessions.backends.base import UpdateError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import audit
from accounts.models import Action, User
from project.errors import NotFound

IDLE = timedelta(hours=12)
IDLE_OF_STAFF = timedelta(minutes=30)
LONGEST = timedelta(days=14)
TOUCH_EVERY = timedelta(minutes=5)
SIGNED_IN_AT, SEEN_AT = "signed_in_at", "seen_at"  # seconds since 1970, in the session


class SessionAgeMiddleware:
    """Ends a session that is too old or was idle too long, and stamps the others. No query of its own, but for the
    stamp every 5 minutes. Stands after AuthenticationMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.COOKIES and request.session.get(auth.SESSION_KEY):
            _check(request)
        return self.get_response(request)


def begin(request: HttpRequest) -> None:
    """Stamps the session of somebody who has just signed in."""
    request.session[SIGNED_IN_AT] = request.session[SEEN_AT] = _stamp(timezone.now())


def of(user: User) -> list[UserSession]:
    """The person's sessions that are alive, the latest used first. Rows of sessions that ended unseen go."""
    moment = timezone.now()
    idle = IDLE_OF_STAFF if user.is_staff else IDLE
    alive = UserSession.objects.filter(
        user_id=user.pk, last_seen_at__gt=moment - idle - TOUCH_EVERY, created_at__gt=moment - LONGEST
    )
    return [row for row in alive.order_by("-last_seen_at", "-id") if not row.purge()]


def end(*, user: User, session_id: int) -> None:
    """Ends one session of this person. Raises NotFound when they have no such one."""
    with transaction.atomic():
        row = UserSession.objects.select_for_update().filter(user_id=user.pk, pk=session_id).first()
        if row is None:
            raise NotFound("There is no such session of yours; it may have ended already.")
        row.end()
        audit.record_for_person(Action.SESSION_ENDED, user=user, data={"sessions": 1})


def end_others(*, user: User, keep: str | None, tell: bool = False) -> int:
    """Ends all sessions of the person but the one with the key `keep`. Returns how many there were; `tell` puts it
    into the audit log, for where no other event says so."""
    with transaction.atomic():
        rows = list(UserSession.objects.select_for_update().filter(user_id=user.pk).exclude(session_key=keep or ""))
        for row in rows:
            row.end()
        if tell and rows:
            audit.record_for_person(Action.SESSION_ENDED, user=user, data={"sessions": len(rows)})
    return len(rows)


def end_all(*, user: User) -> int:
    """Ends every session of a person: for a reset and for who is deactivated. Returns how many there were."""
    return end_others(user=user, keep=None)


def forget(session_key: str | None) -> None:
    """Takes a session that has just ended from the list."""
    UserSession.objects.filter(session_key=session_key).delete()


def _check(request: HttpRequest) -> None:
    moment = timezone.now()
    began, seen = request.session.get(SIGNED_IN_AT), request.session.get(SEEN_AT)
    if began is None or seen is None:  # a sign-in that was not ours, such as the admin's own form
        begin(request)
        _touch(request)
        return
    idle = moment - datetime.fromtimestamp(seen, tz=moment.tzinfo)
    if moment - datetime.fromtimestamp(began, tz=moment.tzinfo) >= LONGEST:
        _expire(request, "too old")
    elif idle >= IDLE or (idle >= IDLE_OF_STAFF and _is_staff(request)):
        _expire(request, "idle")
    elif idle >= TOUCH_EVERY:
        request.session[SEEN_AT] = _stamp(moment)
        _touch(request)


def _touch(request: HttpRequest) -> None:
    """Writes the stamps at once, not at the end of the request: a slow page must not overwrite what another one of
    this session has stored meanwhile."""
    if not request.user.is_authenticated:  # deactivated, or the password was changed elsewhere
        forget(request.session.session_key)
        auth.logout(request)
        return
    try:
        request.session.save()
    except UpdateError:  # ended in this moment by somebody else
        auth.logout(request)
        return
    request.session.modified = False
    key = request.session.session_key
    if not UserSession.objects.filter(session_key=key).update(last_seen_at=timezone.now()):
        UserSession.objects.create_from_request(request)


def _expire(request: HttpRequest, reason: str) -> None:
    user = auth.get_user(request)
    with transaction.atomic():
        forget(request.session.session_key)
        if isinstance(user, User):
            audit.record_for_person(Action.SESSION_ENDED, user=user, by=audit.SYSTEM, data={"reason": reason})
    auth.logout(request)


def _is_staff(request: HttpRequest) -> bool:
    return bool(request.user.is_authenticated and request.user.is_staff)


def _stamp(moment: datetime) -> int:
    return int(moment.timestamp())
