"""What the pages about webhooks show, beside what the API shows too (queries.py). Reads only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from accounts import access
from accounts.actors import Actor
from accounts.models import Delivery, DeliveryStatus, EventType, Membership, Team, WebhookEndpoint
from accounts.webhooks import endpoints, messages, queries, secrets
from project import db, ids
from project.paging import Page, Window
from project.times import stamp

LINES = 20  # deliveries on a page of the log
MOST_LIVE = 2 * LINES
SOON = timedelta(seconds=30)  # a try this near is waited for closely
QUICK, SLOW = 3, 30  # seconds between two looks

# The newest thousand of each endpoint at most, by the index (endpoint, -id): the list stays as quick as it is.
_RECENT = """
SELECT e.id, d.heard, d.over, d.last_at, d.last_status
FROM unnest(%(endpoints)s::bigint[]) AS e(id)
CROSS JOIN LATERAL (
  SELECT count(*) FILTER (WHERE fresh AND status = 'delivered') AS heard,
         count(*) FILTER (WHERE fresh AND status IN ('delivered', 'failed')) AS over,
         max(created_at) AS last_at,
         (array_agg(status ORDER BY id DESC))[1] AS last_status
  FROM (SELECT id, status, created_at, created_at > statement_timestamp() - interval '24 hours' AS fresh
        FROM accounts_delivery WHERE endpoint_id = e.id ORDER BY id DESC LIMIT 1000) AS newest
) AS d
"""


@dataclass(frozen=True)
class Line:
    """An endpoint as the list shows it; `heard` of `over` that ended in the last 24 hours, of the newest 1,000."""

    endpoint: WebhookEndpoint
    heard: int
    over: int
    last_at: datetime | None
    last_status: str

    @property
    def percent(self) -> int:
        """Whole percent heard, never 100 while one was not."""
        return self.heard * 100 // self.over if self.over else 100


@dataclass(frozen=True)
class SecretState:
    """What may be known of a secret. `mark` changes with each rotation."""

    made_at: datetime | None
    previous_expires_at: datetime | None

    @property
    def mark(self) -> str:
        return stamp(self.made_at) if self.made_at else "none"


def lines(actor: Actor) -> list[Line]:
    """All endpoints of the actor's team, newest first, with how they did. Two queries for one as for twenty."""
    rows = list(queries.endpoints(actor))
    recent: dict[int, tuple[int, int, datetime | None, str]] = {}
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_RECENT, {"endpoints": [row.pk for row in rows]})
            recent = {pk: (heard, over, at, status or "") for pk, heard, over, at, status in cursor.fetchall()}
    return [Line(row, *recent[row.pk]) for row in rows]


def room(count: int) -> bool:
    """Whether a team with so many endpoints may have another."""
    return count < endpoints.MOST


def secret_of(of: WebhookEndpoint | Team) -> SecretState:
    """What may be known of the secret of an endpoint, or of the team's own."""
    return SecretState(secrets.made_at(of), secrets.previous_expires_at(of))


def maker(endpoint: WebhookEndpoint) -> str:
    """Who made it, as the team knows them."""
    kind, _, number = endpoint.created_by.partition(":")
    if kind == "user" and number.isdecimal():
        places = Membership.objects.filter(team=endpoint.team_id, user_id=int(number))
        email = places.values_list("user__email", flat=True).first()
        return email or "somebody who was here"
    return "a program" if endpoint.created_by.startswith("key_") else "Framehouse"


def log(endpoint: WebhookEndpoint, *, window: Window, status: str = "", type: str = "") -> Page[Delivery]:  # noqa: A002
    """A page of an endpoint's deliveries, newest first, without their bodies. Raises Invalid by parameter."""
    return queries.page_of_deliveries(
        _light(queries.deliveries(endpoint, status=status or None, type=type or None)), window
    )


def shown_again(endpoint: WebhookEndpoint, public_ids: Iterable[str]) -> list[Delivery]:
    """The named deliveries of an endpoint, newest first; at most as many as two pages have."""
    wanted = [uuid for uuid in (ids.parse("dlv", text) for text in public_ids) if uuid is not None][:MOST_LIVE]
    return list(_light(queries.deliveries(endpoint)).filter(uuid__in=wanted))


def own_deliveries(actor: Actor, subject: str) -> list[Delivery]:
    """What a request's own `webhook_url` was told, oldest first, without bodies."""
    return list(_light(access.own_deliveries(actor, subject).select_related("event")).order_by("id"))


def waiting(endpoint: WebhookEndpoint) -> int:
    """How many deliveries of an endpoint wait for their next try."""
    return Delivery.objects.filter(endpoint=endpoint, status=DeliveryStatus.PENDING).count()


def shown(delivery: Delivery) -> dict[str, Any]:
    """A delivery with what was sent and each try, for its page: `version` changes with whatever is seen there, `every`
    is after how many seconds to look again, 0 when it has ended."""
    attempts = queries.attempts(delivery)
    over = sum(1 for attempt in attempts if attempt.outcome)
    _, every = poll([delivery])
    return {
        "delivery": delivery,
        "event": delivery.event,
        "attempts": attempts[::-1],
        "body": json.dumps(messages.message(delivery.event), indent=2, ensure_ascii=False),
        "version": f"{version(delivery)}.{len(attempts)}.{over}",
        "every": every,
    }


def version(delivery: Delivery) -> str:
    """Changes whenever a line of the log does."""
    return f"{delivery.status}.{delivery.tries}.{delivery.last_status or 0}"


def poll(rows: Sequence[Delivery]) -> tuple[str, int]:
    """What to ask for next, `dlv_...:pending.1.500,...`, and in how many seconds; an empty text when all have ended."""
    waiting = [row for row in rows if row.status == DeliveryStatus.PENDING]
    if not waiting:
        return "", 0
    near = db.now() + SOON
    quick = any(row.next_action_at is None or row.next_action_at <= near for row in waiting)
    return ",".join(f"{row.public_id}:{version(row)}" for row in waiting), QUICK if quick else SLOW


def types() -> list[tuple[str, str]]:
    """Every event with its words, for a choice."""
    return [(str(kind), kind.label) for kind in EventType]


def _light(rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    return rows.defer("event__payload", "event__files")
