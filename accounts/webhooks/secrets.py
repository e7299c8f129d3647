"""Signing secrets of outgoing webhooks, as Standard Webhooks has them: `whsec_` and base64 of random bytes.

A secret is shown once, when it is made; it rests sealed, because each message is signed with it anew. Rotation adds one
and lets the one before sign beside it for a while, so that a receiver loses no message while it is changed there.
"""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Now

from accounts import audit, roles, teams
from accounts.actors import Actor
from accounts.authority import still
from accounts.models import Action, Team, WebhookEndpoint, WebhookSecret
from project import db, sealing
from project.errors import Conflict, FieldError, Invalid, NotFound
from project.times import stamp

PREFIX = "whsec_"
BYTES = 32  # the specification asks for 24 to 64
PURPOSE = "webhook"
USUAL_OVERLAP, LONGEST_OVERLAP = 24, 168  # hours
MOST_VALID = 3  # secrets that sign at once: each adds a signature to every message


def rotate(*, by: Actor, endpoint: WebhookEndpoint, overlap_hours: int = USUAL_OVERLAP) -> str:
    """Gives an endpoint a new secret and returns it, not to be had again. The one before signs beside it for
    `overlap_hours` (0 to 168); 0 ends every earlier one now.

    Raises Invalid (field `overlap_hours`), Conflict `too_many_secrets`, NotFound for a deleted one, Forbidden."""
    _check_overlap(overlap_hours)
    return db.in_transaction(lambda: _rotate(by, endpoint, overlap_hours))


def team_rotate(*, by: Actor, overlap_hours: int = USUAL_OVERLAP) -> str:
    """The same for the team's own secret, which signs what a request's `webhook_url` is told."""
    _check_overlap(overlap_hours)
    return db.in_transaction(lambda: _rotate(by, None, overlap_hours))


def valid(of: WebhookEndpoint | Team) -> list[str]:
    """The secrets that sign now, the newest first. A team's first one is made here; an endpoint has one from its
    beginning. Raises sealing.Unreadable where SECRET_KEY was changed without a fallback."""
    rows = list(_signing(of).order_by("-id"))
    if not rows and isinstance(of, Team):
        _make_first(of)
        rows = list(_signing(of).order_by("-id"))
    return [sealing.unseal(bytes(row.sealed), purpose=PURPOSE).decode() for row in rows]


def make(*, team: Team, endpoint: WebhookEndpoint | None) -> str:
    """Writes a new current secret and returns its text. The caller holds the transaction, and no other is current."""
    text = _new()
    WebhookSecret.objects.create(team=team, endpoint=endpoint, sealed=_sealed(text))
    return text


def end_all(endpoint: WebhookEndpoint) -> None:
    """Nothing is signed for a deleted endpoint. The caller holds the transaction."""
    WebhookSecret.objects.filter(Q(ends_at=None) | Q(ends_at__gt=Now()), endpoint=endpoint).update(ends_at=Now())


def made_at(of: WebhookEndpoint | Team) -> datetime | None:
    """When the current secret was made; None for a team that never needed one."""
    return _of(of).filter(ends_at=None).values_list("created_at", flat=True).first()


def previous_expires_at(of: WebhookEndpoint | Team) -> datetime | None:
    """Until when an earlier secret signs too; None when none does."""
    found: datetime | None = _of(of).filter(ends_at__gt=Now()).aggregate(last=Max("ends_at"))["last"]
    return found


def _rotate(by: Actor, endpoint: WebhookEndpoint | None, overlap_hours: int) -> str:
    still(by, roles.MANAGE)  # a key before its team: the order of locks
    team = teams.lock(by.team)
    acting = still(by, roles.MANAGE)
    of: WebhookEndpoint | Team = team
    if endpoint is not None:
        row = WebhookEndpoint.objects.filter(pk=endpoint.pk, team=team, deleted_at=None).first()
        if row is None:
            raise NotFound("There is no such webhook endpoint.")
        of = endpoint = row
    if overlap_hours and _signing(of).count() >= MOST_VALID:
        raise Conflict(
            f"{MOST_VALID} secrets sign already. Wait until the oldest ends, or rotate without an overlap.",
            code="too_many_secrets",
        )
    ends_at = db.now() + timedelta(hours=overlap_hours)
    live = _signing(of)
    (live.filter(ends_at=None) if overlap_hours else live).update(ends_at=ends_at)
    text = make(team=team, endpoint=endpoint)
    audit.record(
        Action.WEBHOOK_SECRET_ROTATED,
        by=acting,
        team=team,
        target=of.public_id,
        target_name="requests with a webhook_url" if endpoint is None else endpoint.url_shown,
        data={"old_secret_ends_at": stamp(ends_at)},
    )
    return text


def _make_first(team: Team) -> None:
    """Two that need it at once make one: the second meets the unique index, and reads the first's."""
    WebhookSecret.objects.bulk_create([WebhookSecret(team=team, sealed=_sealed(_new()))], ignore_conflicts=True)


def _of(of: WebhookEndpoint | Team) -> QuerySet[WebhookSecret]:
    if isinstance(of, Team):
        return WebhookSecret.objects.filter(team=of, endpoint=None)
    return WebhookSecret.objects.filter(endpoint=of)


def _signing(of: WebhookEndpoint | Team) -> QuerySet[WebhookSecret]:
    return _of(of).filter(Q(ends_at=None) | Q(ends_at__gt=Now()))


def _new() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def _sealed(text: str) -> bytes:
    return sealing.seal(text.encode(), purpose=PURPOSE)


def _check_overlap(hours: int) -> None:
    if type(hours) is not int or not 0 <= hours <= LONGEST_OVERLAP:
        message = f"must be a whole number of hours from 0 to {LONGEST_OVERLAP}"
        raise Invalid("The overlap cannot be used.", errors=[FieldError("overlap_hours", message, "out_of_range")])
