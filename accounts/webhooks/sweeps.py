"""The clock's part of webhooks: rings for what is due, ends what is overdue, removes what is old.

The queue is only a doorbell; if it is emptied, `ring_due` finds every pending delivery again by its row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from accounts import audit
from accounts.models import (
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
    DisabledReason,
    EndpointStatus,
    OutgoingEvent,
    WebhookEndpoint,
    WebhookSecret,
)
from accounts.webhooks import endpoints, events, mails, results
from project import db, queue

log = logging.getLogger(__name__)

ROUND = 200  # rows that one call takes
RING_AGAIN = timedelta(seconds=120)  # by then a job that was rung for is lost
WARN_AFTER, DISABLE_AFTER = timedelta(days=1), timedelta(days=5)
KEPT = timedelta(days=30)

# Things that end: their last event need not stay so that the next one can go on counting.
_ENDS = ("gen_", "pay_")


def ring_due() -> int:
    """Enqueues a job for each due delivery, once for each due time. Returns how many. Cheap when nothing is due."""
    if queue.length() > 5 * ROUND:
        return 0  # the doorbell is ringing already
    fresh = Q(rung_at=None) | Q(rung_at__lt=F("next_action_at")) | Q(rung_at__lte=Now() - RING_AGAIN)
    free = Q(leased_until=None) | Q(leased_until__lte=Now())
    with transaction.atomic(durable=True):
        due = list(
            Delivery.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(fresh, free, status=DeliveryStatus.PENDING, next_action_at__lte=Now())
            .order_by("next_action_at")
            .values_list("pk", flat=True)[:ROUND]
        )
        for pk in due:
            queue.enqueue(events.JOB, pk, lane=events.LANE)
        Delivery.objects.filter(pk__in=due).update(rung_at=Now())
    return len(due)


def sweep() -> dict[str, int]:
    """Closes tries whose sender is gone, warns of and turns off endpoints that fail, removes what is 30 days old.

    Idempotent and safe beside itself. Returns counts by what was done."""
    lost = Delivery.objects.filter(leased_until__lte=Now())
    living = WebhookEndpoint.objects.filter(status=EndpointStatus.ENABLED, deleted_at=None)
    failing = living.filter(failing_since__lte=Now() - WARN_AFTER, warned_at=None)
    failed = living.filter(failing_since__lte=Now() - DISABLE_AFTER)
    return {
        "webhook_tries_lost": _each(lost, _close),
        "webhooks_disabled": _each(failed, _turn_off),
        "webhooks_warned": _each(failing, _warn),
        "webhook_events_removed": prune(),
    }


def prune() -> int:
    """Removes what is older than 30 days: events with their deliveries and tries, and secrets that ended. Of things
    that live on (a wallet, a budget) the newest event stays, so that `sequence` goes on. Returns how many events."""
    old = OutgoingEvent.objects.filter(created_at__lte=Now() - KEPT)
    later = OutgoingEvent.objects.filter(
        team=OuterRef("team"), subject=OuterRef("subject"), sequence__gt=OuterRef("sequence")
    )
    ends = Q()
    for prefix in _ENDS:
        ends |= Q(subject__startswith=prefix)
    told = Delivery.objects.filter(event__created_at__lte=Now() - KEPT).exclude(status=DeliveryStatus.PENDING)
    with transaction.atomic(durable=True):
        deliveries = list(told.select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True)[:ROUND])
        DeliveryAttempt.objects.filter(delivery__in=deliveries).delete()
        Delivery.objects.filter(pk__in=deliveries).delete()
        left = Delivery.objects.filter(event=OuterRef("pk"))
        removable = old.filter(~Exists(left)).filter(ends | Exists(later))
        ids = list(removable.order_by("pk").values_list("pk", flat=True)[:ROUND])
        OutgoingEvent.objects.filter(pk__in=ids).delete()
        WebhookSecret.objects.filter(ends_at__lte=Now() - KEPT).delete()
    return len(ids)


def _close(pk: int) -> bool:
    row = (
        Delivery.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=pk, leased_until__lte=Now()).first()
    )
    if row is None:
        return False
    results.close_lost(row)
    Delivery.objects.filter(pk=pk).update(leased_until=None)
    if row.status == DeliveryStatus.PENDING:  # it is due again, at once; the try counts
        Delivery.objects.filter(pk=pk).update(next_action_at=Now(), rung_at=None)
    return True


def _turn_off(pk: int) -> bool:
    endpoint = _still_failing(pk, DISABLE_AFTER)
    if endpoint is None:
        return False
    endpoints.turn_off(endpoint, reason=DisabledReason.FAILING, by=audit.SYSTEM)
    mails.disabled(endpoint)
    return True


def _warn(pk: int) -> bool:
    endpoint = _still_failing(pk, WARN_AFTER)
    if endpoint is None or endpoint.warned_at is not None:
        return False
    WebhookEndpoint.objects.filter(pk=pk).update(warned_at=Now())
    mails.failing(endpoint)
    return True


def _still_failing(pk: int, since: timedelta) -> WebhookEndpoint | None:
    """The endpoint, locked, when it is enabled and has failed for so long."""
    endpoint = endpoints.locked(pk)
    if endpoint is None or endpoint.status != EndpointStatus.ENABLED or endpoint.failing_since is None:
        return None
    return endpoint if endpoint.failing_since <= db.now() - since else None


def _each(rows: QuerySet[Delivery] | QuerySet[WebhookEndpoint], act: Callable[[int], bool]) -> int:
    """Acts on each row by its id in a transaction of its own; one that fails is logged and stops no other."""
    done = 0
    for pk in rows.order_by("pk").values_list("pk", flat=True)[:ROUND]:
        try:
            done += db.in_transaction(lambda pk=pk: act(pk))  # type: ignore[misc]
        except Exception:
            log.exception("webhooks: row %s could not be swept", pk)
    return done
