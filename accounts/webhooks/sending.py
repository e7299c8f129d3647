"""One try of one delivery: claimed by a lease, signed, sent outside any transaction, and written down.

The attempt is committed before a byte leaves: who is killed in between leaves it behind, it is closed as lost and the
delivery comes due again. So a receiver hears everything at least once, and knows a repetition by its webhook-id.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Max
from django.db.models.functions import Now

from accounts.models import (
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
    EndpointStatus,
    OutgoingEvent,
)
from accounts.webhooks import messages, results, secrets
from project import db, limits, net, sealing
from project.failpoints import failpoint
from project.limit_settings import Policy
from project.net.guard import parse

log = logging.getLogger(__name__)

DEADLINE = 20.0  # seconds for a whole call
MOST_READ = 64 * 1024  # bytes of an answer
LEASE = timedelta(seconds=90)  # longer than a job of this lane may live
HOST = Policy("webhook-host", quota=60, seconds=60)  # calls of one host, of all teams (faults.md row 64)
MOST_AT_ONCE = 4  # calls of one host that are under way
ANOTHER_IS_THERE = 5.0  # seconds until one that found the host busy looks again


@dataclass(frozen=True)
class Claimed:
    """A try that is ours to make."""

    delivery: Delivery
    attempt: DeliveryAttempt
    url: str
    headers: Mapping[str, str]
    content: bytes


def deliver(delivery_id: int, *, deadline: float = DEADLINE) -> None:
    """Makes the try that is due of this delivery, if one is. Twice, late or beside itself it makes no other."""
    row = _due(delivery_id)
    if row is None:
        return
    host = host_of(row.url)
    taken = limits.take(policy=HOST, subject=host)
    if not taken.allowed:
        _postpone(row, taken.retry_after_seconds)
        return
    claimed = db.in_transaction(lambda: _claim(delivery_id, host))
    if claimed is None:
        return
    failpoint("before_webhook")
    result = call(claimed, deadline=deadline)
    failpoint("after_webhook")
    db.in_transaction(lambda: results.settle(claimed.attempt.pk, result))


def call(claimed: Claimed, *, deadline: float) -> results.Result:
    """The exchange itself, and what it means. Nothing of it raises: the attempt needs its outcome."""
    begun = time.monotonic()
    answer: net.Response | net.NetError
    try:
        answer = net.fetch(
            method="POST",
            url=claimed.url,
            headers=claimed.headers,
            content=claimed.content,
            deadline=deadline,
            max_bytes=MOST_READ,
            guard=net.Guard.PUBLIC,
            cut=True,
        )
    except net.NetError as error:
        answer = error
    return results.read(answer, duration_ms=round((time.monotonic() - begun) * 1000))


def host_of(url: str) -> str:
    """Name and port that an address leads to; nothing for one that cannot be read, which the call then tells."""
    try:
        target = parse(url)
    except net.Refused:
        return ""
    return f"{target.host}:{target.port}"


def most_at_once() -> int:
    """Calls of one host that may be under way: a worker of the lane is always left for others."""
    workers: int = settings.Q_CLUSTER["ALT_CLUSTERS"]["hooks"]["workers"]
    return max(1, min(MOST_AT_ONCE, workers - 1))


def _due(delivery_id: int) -> Delivery | None:
    rows = Delivery.objects.filter(status=DeliveryStatus.PENDING, next_action_at__lte=Now())
    return rows.exclude(leased_until__gt=Now()).filter(pk=delivery_id).first()


def _postpone(row: Delivery, seconds: float) -> None:
    """Later, and no try is counted. Spread out: many wait for the same host."""
    wait = timedelta(seconds=seconds + random.uniform(0, 2))  # noqa: S311 - jitter
    rows = Delivery.objects.filter(pk=row.pk, status=DeliveryStatus.PENDING, next_action_at=row.next_action_at)
    rows.exclude(leased_until__gt=Now()).update(next_action_at=Now() + wait)


def _claim(delivery_id: int, host: str) -> Claimed | None:
    with connection.cursor() as cursor:  # those of one host one by one, so that they count each other
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"framehouse:webhook-host:{host}"])
    rows = Delivery.objects.select_for_update(no_key=True, of=("self",))
    row = rows.select_related("event", "endpoint", "team").filter(pk=delivery_id).first()
    moment = db.now()
    if row is None or row.status != DeliveryStatus.PENDING or row.next_action_at is None:
        return None
    if row.next_action_at > moment or (row.leased_until is not None and row.leased_until > moment):
        return None
    results.close_lost(row)
    endpoint = row.endpoint
    if endpoint is not None and (endpoint.deleted_at or endpoint.status != EndpointStatus.ENABLED):
        results.end(row, DeliveryStatus.CANCELED)  # it was told of in the moment in which the endpoint ended
        return None
    if row.tries >= results.MOST_TRIES:
        results.end(row, DeliveryStatus.FAILED)  # the last one was lost
        return None
    if host_of(row.url) != host:
        return None  # it has moved since; the clock rings again
    if Delivery.objects.filter(host=host, leased_until__gt=Now()).count() >= most_at_once():
        _postpone(row, ANOTHER_IS_THERE)
        return None
    try:
        signing = secrets.valid(endpoint or row.team)
    except sealing.Unreadable:
        log.error("delivery %s: its signing secrets cannot be read: SECRET_KEY was changed", row.public_id)
        results.end(row, DeliveryStatus.CANCELED)
        return None
    return _begun(row, host, signing)


def _begun(row: Delivery, host: str, signing: list[str]) -> Claimed:
    """Writes the try and its lease."""
    moment = db.now()
    event: OutgoingEvent = row.event
    content = messages.body(event)
    sent = messages.headers(event, content, signing, at=moment)
    number = row.attempts.aggregate(last=Max("number"))["last"] or 0
    attempt = DeliveryAttempt.objects.create(
        delivery=row, number=number + 1, by=row.asked_by or "schedule", url=row.url, headers=sent
    )
    row.tries += 1
    row.host, row.leased_until, row.asked_by = host, moment + LEASE, ""
    row.save(update_fields=["tries", "host", "leased_until", "asked_by"])
    return Claimed(row, attempt, row.url, sent, content)
