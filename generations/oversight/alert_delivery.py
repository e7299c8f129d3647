"""One try of one webhook notice: leased under the row's lock, signed as Standard Webhooks have it, sent outside any
transaction, and written down. The receiver hears everything at least once, and knows a repetition by its webhook-id."""

from __future__ import annotations

import json
import logging
import random
import time
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import TryOutcome
from accounts.webhooks import messages, results
from generations.models import AlertNotice
from generations.oversight import alert_notices
from project import db, net, queue

log = logging.getLogger(__name__)

DEADLINE = 20.0  # seconds for a whole call
MOST_READ = 4 * 1024  # bytes of an answer; nothing of it is kept
LEASE = timedelta(seconds=90)  # longer than a job may live
WAITS = (5, 30, 120, 600, 1_800)  # seconds between tries, then an hour each
HOURLY = 3_600
GIVE_UP = timedelta(hours=24)
RING_AGAIN = timedelta(seconds=120)  # by then a job that was rung for is lost
ROUND = 50
KEEP = timedelta(days=90)


@dataclass(frozen=True)
class Claimed:
    """A try that is ours to make until its lease ends."""

    id: int
    number: int
    message_id: str
    content: bytes


def ring_due() -> int:
    """Enqueues a job for each webhook notice that is due, once a due time. Returns how many. Cheap when none is."""
    fresh = Q(rung_at=None) | Q(rung_at__lt=F("next_action_at")) | Q(rung_at__lte=Now() - RING_AGAIN)
    due = AlertNotice.objects.filter(fresh, status="waiting", next_action_at__lte=Now())
    if not due.exists():
        return 0
    with transaction.atomic(durable=True):
        rows = due.select_for_update(skip_locked=True, no_key=True).order_by("next_action_at", "id")
        ids = list(rows.values_list("pk", flat=True)[:ROUND])
        lane = alert_notices.living_lane()
        for pk in ids:
            queue.enqueue(alert_notices.JOB, pk, lane=lane)
        AlertNotice.objects.filter(pk__in=ids).update(rung_at=Now())
    return len(ids)


def prune() -> int:
    """Deletes notices of long ago, those of alerts that are on left out: they say who was told. Returns how many."""
    old = AlertNotice.objects.filter(made_at__lte=db.now() - KEEP).exclude(status="waiting")
    return old.exclude(alert__closed_at=None, alert__isnull=False).delete()[0]


def deliver(notice_id: int, *, deadline: float = DEADLINE) -> None:
    """Makes the try that is due of this notice, if one is. Twice, late or beside itself it makes no other."""
    claimed = db.in_transaction(lambda: _claim(notice_id))
    if claimed is None:
        return
    error = _send(claimed, deadline)
    db.in_transaction(lambda: _settle(claimed, error))


def _claim(notice_id: int) -> Claimed | None:
    rows = AlertNotice.objects.select_for_update(no_key=True)
    notice = rows.filter(pk=notice_id, channel="webhook", status="waiting").first()
    moment = db.now()
    if notice is None or notice.next_action_at is None or notice.next_action_at > moment:
        return None
    if not settings.ALERTS.webhook_url:
        _give_up(notice, "ALERT_WEBHOOK_URL is no longer set")
        return None
    if moment - notice.made_at > GIVE_UP:
        _give_up(notice, notice.error or "It was never tried within 24 hours")
        return None
    notice.tries += 1
    notice.next_action_at = moment + LEASE
    notice.rung_at = moment
    notice.save(update_fields=["tries", "next_action_at", "rung_at"])
    body = {"id": notice.public_id, **(notice.payload or {})}
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return Claimed(notice.pk, notice.tries, notice.public_id, content)


def _send(claimed: Claimed, deadline: float) -> str:
    """The exchange itself. Returns what was wrong, "" when the receiver took it."""
    begun, target = time.monotonic(), settings.ALERTS
    answer: net.Response | net.NetError
    try:
        answer = net.fetch(
            method="POST",
            url=target.webhook_url,
            headers=messages.signed(claimed.message_id, claimed.content, [target.webhook_secret], at=db.now()),
            content=claimed.content,
            deadline=deadline,
            max_bytes=MOST_READ,
            guard=net.Guard.PUBLIC,
            cut=True,
        )
    except net.NetError as error:
        answer = error
    result = results.read(answer, duration_ms=round((time.monotonic() - begun) * 1000))
    if result.outcome == TryOutcome.DELIVERED:
        return ""
    return f"{result.outcome.label}{f' (HTTP {result.status})' if result.status else ''}"


def _settle(claimed: Claimed, error: str) -> None:
    """Writes what became of the try. A late word of one whose lease ended counts only if it is that it was taken."""
    open_rows = AlertNotice.objects.select_for_update(no_key=True).filter(pk=claimed.id, status="waiting")
    if not error:
        open_rows.update(status="sent", sent_at=Now(), next_action_at=None, error="")
        return
    notice = open_rows.filter(tries=claimed.number).first()
    if notice is None:
        return
    moment = db.now()
    if moment - notice.made_at >= GIVE_UP:
        _give_up(notice, error)
        return
    wait = WAITS[claimed.number - 1] if claimed.number <= len(WAITS) else HOURLY
    spread = timedelta(seconds=wait * random.uniform(0.9, 1.1))  # noqa: S311 - jitter
    notice.error = error[:120]
    notice.next_action_at = min(moment + spread, notice.made_at + GIVE_UP)
    notice.save(update_fields=["error", "next_action_at"])
    log.warning("alert notice %d waits after try %d: %s", notice.pk, claimed.number, error)


def _give_up(notice: AlertNotice, error: str) -> None:
    notice.status, notice.next_action_at, notice.error = "failed", None, error[:120]
    notice.save(update_fields=["status", "next_action_at", "error"])
    log.error("alert notice %d was given up after %d tries: %s", notice.pk, notice.tries, error)
