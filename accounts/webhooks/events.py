"""publish: what happened becomes an event and its deliveries, in the transaction of the fact (design section 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import JSONField, Max, Q, Value
from django.db.models.functions import Now

from accounts.models import Delivery, EndpointStatus, EventType, OutgoingEvent, Team, WebhookEndpoint
from project import queue

JOB = "accounts.tasks.deliver"
LANE = "hooks"  # slow receivers hold up nothing else (faults.md row 31)

Payload = tuple[Mapping[str, Any], Mapping[str, str]]  # the data, and stored names by path in it


def publish(
    *,
    team: Team,
    type: EventType,  # noqa: A002 - the word of the API and of the table
    subject: str,
    payload: Mapping[str, Any] | Callable[[], Payload],
    files: Mapping[str, str] | None = None,
    url: str = "",
) -> OutgoingEvent | None:
    """Writes an event of the team, a delivery for each enabled endpoint that listens to its type and one for `url`
    (a request's own webhook_url), and a job for each. Returns None, and writes nothing, when nobody listens.

    `subject` is the public id of what it is about; the caller holds that row's lock, so `sequence` counts without
    gaps between those that were told. `payload` is the `data` of the message as it is now; `files` are stored names by
    path in it (`outputs.0.url`), whose links are signed when it is sent. A function gives both, and is called only when
    somebody listens. The caller holds the transaction."""
    listening = list(
        WebhookEndpoint.objects.filter(
            Q(events=[]) | Q(events__contains=[type]), team=team, status=EndpointStatus.ENABLED, deleted_at=None
        ).order_by("id")
    )
    if not listening and not url:
        return None
    data, names = payload() if callable(payload) else (payload, files or {})
    with transaction.atomic():
        event = _written(team, type, subject, data, names)
        wanted: list[tuple[WebhookEndpoint | None, str]] = [(endpoint, endpoint.url) for endpoint in listening]
        if url:
            wanted.append((None, url))
        # Rung for: the clock need not ring again at once.
        rows = [Delivery(team=team, event=event, endpoint=to, url=at, rung_at=Now()) for to, at in wanted]
        for row in Delivery.objects.bulk_create(rows):
            queue.enqueue(JOB, row.pk, lane=LANE)
    return event


def replace(*, team: Team, subjects: Sequence[str], fields: Mapping[str, Any]) -> None:
    """What the events about these subjects told in `fields` was deleted: from now on each try tells these values, and
    links to no file. Written once an event. The caller holds the transaction of that deletion and the subjects'
    locks."""
    rows = OutgoingEvent.objects.filter(team=team, subject__in=subjects, replaced__isnull=True)
    rows.update(replaced=Value(dict(fields), JSONField()))


def publish_by_hand(
    *,
    endpoint: WebhookEndpoint,
    type: EventType,  # noqa: A002
    payload: Mapping[str, Any],
    by: str,
) -> Delivery:
    """A message to try one endpoint with; its subject is the endpoint. The caller holds the endpoint's lock."""
    data = {**payload, "test": True}
    event = _written(endpoint.team, type, endpoint.public_id, data, {})
    row = Delivery.objects.create(
        team=endpoint.team, event=event, endpoint=endpoint, url=endpoint.url, asked_by=by, rung_at=Now()
    )
    queue.enqueue(JOB, row.pk, lane=LANE)
    row.refresh_from_db()
    return row


def _written(
    team: Team,
    type: EventType,  # noqa: A002
    subject: str,
    payload: Mapping[str, Any],
    files: Mapping[str, str],
) -> OutgoingEvent:
    last = OutgoingEvent.objects.filter(team=team, subject=subject).aggregate(last=Max("sequence"))["last"]
    return OutgoingEvent.objects.create(
        team=team, type=type, subject=subject, sequence=(last or 0) + 1, payload=payload, files=dict(files)
    )
