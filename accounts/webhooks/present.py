"""Webhook endpoints and deliveries as the API shows them (design section 6): allow lists, never a row's own fields."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import Delivery, DeliveryAttempt, Team, WebhookEndpoint
from accounts.webhooks import messages, queries, secrets
from project.times import stamp


def endpoint(row: WebhookEndpoint, *, secret: str | None = None) -> dict[str, Any]:
    """An endpoint; `secret` only where it was made in this very call."""
    known: datetime | None = getattr(row, "previous_expires_at", None)
    previous = known if hasattr(row, "previous_expires_at") else secrets.previous_expires_at(row)
    return {
        "id": row.public_id,
        "url": row.url,
        "description": row.description,
        "events": list(row.events),
        "status": row.status,
        "disabled_reason": row.disabled_reason or None,
        "failing_since": _or_null(row.failing_since),
        "previous_secret_expires_at": _or_null(previous),
        "created_at": stamp(row.created_at),
        **({"secret": secret} if secret is not None else {}),
    }


def team_secret(team: Team, *, secret: str | None = None) -> dict[str, Any]:
    """The team's own secret: when it was made, and until when an earlier one signs too."""
    return {
        "created_at": _or_null(secrets.made_at(team)),
        "previous_expires_at": _or_null(secrets.previous_expires_at(team)),
        **({"secret": secret} if secret is not None else {}),
    }


def delivery(row: Delivery) -> dict[str, Any]:
    """A delivery in lists; `event` and `endpoint` must be selected."""
    return {
        "id": row.public_id,
        "event": {"id": row.event.public_id, "type": row.event.type, "created_at": stamp(row.event.created_at)},
        "endpoint": row.endpoint.public_id if row.endpoint else None,
        "url": row.url,
        "status": row.status,
        "tries": row.tries,
        "next_try_at": _or_null(row.next_action_at),
        "last_status": row.last_status,
        "created_at": stamp(row.created_at),
        "ended_at": _or_null(row.ended_at),
    }


def whole_delivery(row: Delivery) -> dict[str, Any]:
    """One alone: with what is sent, links signed now, and its tries."""
    return {
        **delivery(row),
        "body": messages.message(row.event),
        "attempts": [attempt(one) for one in queries.attempts(row)],
    }


def attempt(row: DeliveryAttempt) -> dict[str, Any]:
    """One try; `outcome` is null while it is under way."""
    return {
        "number": row.number,
        "url": row.url,
        "started_at": stamp(row.started_at),
        "duration_ms": row.duration_ms,
        "outcome": row.outcome or None,
        "status": row.status,
        "headers": row.headers,
        "response_headers": row.response_headers,
        "response_body": row.response_body,
        "truncated": row.truncated,
    }


def _or_null(moment: datetime | None) -> str | None:
    return stamp(moment) if moment else None
