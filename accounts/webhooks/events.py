"""publish: what happened becomes an event and its deliveries, in the transaction of the fact (design section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Max, Q

from accounts.models import Delivery, EndpointStatus, EventType, OutgoingEvent, Team, WebhookEndpoint
from project import queue

JOB = "accounts.tasks.deliver"


def publish(
    *,
    team: Team,
    type: EventType,  # noqa: A002 - the word of the API and of the table
    subject: str,
    payload: Mapping[str, Any],
    files: Mapping[str, str] | None = None,
    url: str = "",
) -> OutgoingEvent | None:
    """Writes an event of the team, a delivery for each enabled endpoint that listens to its type and one for `url`
    (a request's own webhook_url), and a job for each. Returns None, and writes nothing, when nobody listens.

    `subject` is the public id of what it is about; the caller holds that row's lock, so `sequence` counts without
    gaps between those that were told. `payload` is the `data` of the message as it is now; `files` are stored names by
    path in it, whose links are signed when it is sent. The caller holds the transaction."""
    listening = list(
        WebhookEndpoint.objects.filter(
            Q(events=[]) | Q(events__contains=[type]), team=team, status=EndpointStatus.ENABLED, deleted_at=None
        ).order_by("id")
    )
    if not listening and not url:
        return None
    with transaction.atomic():
        last = OutgoingEvent.objects.filter(team=team, subject=subject).aggregate(last=Max("sequence"))["last"]
        event = OutgoingEvent.objects.create(
            team=team, type=type, subject=subject, sequence=(last or 0) + 1, payload=payload, files=dict(files or {})
        )
        rows = [Delivery(team=team, event=event, endpoint=endpoint, url=endpoint.url) for endpoint in listening]
        if url:
            rows.append(Delivery(team=team, event=event, url=url))
        for row in Delivery.objects.bulk_create(rows):
            queue.enqueue(JOB, row.pk)
    return event
