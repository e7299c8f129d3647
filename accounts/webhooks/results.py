"""What becomes of a delivery after a try (Standard Webhooks: 2xx is heard, 410 ends it, all else comes again).

Locks: endpoint, delivery.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.db.models import F
from django.db.models.functions import Extract, Greatest, Least, Now

from accounts import audit
from accounts.models import (
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
    DisabledReason,
    EndpointStatus,
    TryOutcome,
    WebhookEndpoint,
)
from accounts.webhooks import endpoints, mails
from project import db, net

log = logging.getLogger(__name__)

# The schedule that Standard Webhooks recommends: seconds from one try to the next.
SCHEDULE = (5, 5 * 60, 30 * 60, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)))
MOST_TRIES = len(SCHEDULE) + 1
JITTER = 0.1  # of a pause, more or less
LONGEST_WAIT = timedelta(hours=24)  # that a receiver's Retry-After is believed
KEPT_HEADERS = ("content-type", "content-length", "date", "server", "location", "retry-after", "x-request-id")
LONGEST_HEADER = 500  # characters
GONE, ASKS_FOR_TIME = 410, (429, 503)


@dataclass(frozen=True)
class Result:
    """How a try ended. `retry_after` is the text of that header where it counts."""

    outcome: TryOutcome
    duration_ms: int
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    truncated: bool = False
    retry_after: str = ""


def read(answer: net.Response | net.NetError, *, duration_ms: int) -> Result:
    """What an answer, or none, means; of the answer what is kept."""
    if isinstance(answer, net.NetError):
        return Result(_failure(answer), duration_ms)
    kept = {name: _storable(answer.headers[name])[:LONGEST_HEADER] for name in KEPT_HEADERS if name in answer.headers}
    return Result(
        outcome=_outcome(answer.status),
        duration_ms=duration_ms,
        status=answer.status,
        headers=kept,
        body=_storable(answer.body.decode("utf-8", "replace")),
        truncated=answer.truncated,
        retry_after=answer.headers.get("retry-after", "") if answer.status in ASKS_FOR_TIME else "",
    )


def settle(attempt_id: int, result: Result) -> None:
    """Writes a try's outcome and what follows from it. The caller holds the transaction. A try that was given up as
    lost meanwhile stays so: what it told is told again."""
    attempt = DeliveryAttempt.objects.select_related("delivery__event").get(pk=attempt_id)
    endpoint = _endpoint_for(attempt.delivery, result)
    row = Delivery.objects.select_for_update(no_key=True).get(pk=attempt.delivery_id)
    wrote = DeliveryAttempt.objects.filter(pk=attempt_id, outcome="").update(
        outcome=result.outcome,
        duration_ms=result.duration_ms,
        status=result.status,
        response_headers=dict(result.headers),
        response_body=result.body,
        truncated=result.truncated,
    )
    if not wrote:
        log.warning("%s: try %d ended after it was given up", row.public_id, attempt.number)
        return
    row.leased_until, row.last_status = None, result.status
    row.save(update_fields=["leased_until", "last_status"])
    if row.status != DeliveryStatus.PENDING:
        return  # canceled while it was under way
    if result.outcome == TryOutcome.DELIVERED:
        end(row, DeliveryStatus.DELIVERED)
    elif result.outcome == TryOutcome.GONE:
        end(row, DeliveryStatus.FAILED)
        if endpoint is not None and endpoint.status == EndpointStatus.ENABLED:
            endpoints.turn_off(endpoint, reason=DisabledReason.GONE, by=audit.SYSTEM)
            mails.disabled(endpoint)
    elif row.tries >= MOST_TRIES or attempt.delivery.event.by_hand:
        end(row, DeliveryStatus.FAILED)
    else:
        row.next_action_at = db.now() + pause(row.tries, result.retry_after)
        row.save(update_fields=["next_action_at"])


def pause(tries: int, retry_after: str = "") -> timedelta:
    """The time from try number `tries` to the next: the schedule's, or what the receiver asks for when that is more."""
    seconds = SCHEDULE[min(tries, len(SCHEDULE)) - 1]
    jitter = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    return max(timedelta(seconds=seconds * jitter), min(_asked(retry_after), LONGEST_WAIT))


def end(row: Delivery, status: DeliveryStatus) -> None:
    """pending -> an end. The caller holds the row's lock."""
    row.status, row.next_action_at = status, None
    Delivery.objects.filter(pk=row.pk).update(status=status, next_action_at=None, ended_at=Now())


def close_lost(row: Delivery) -> int:
    """Closes the tries of a delivery whose sender is gone: the caller holds its lock, and its lease is over. Returns
    how many."""
    lasted = Extract(Now() - F("started_at"), "epoch") * 1000
    longest = 2**31 - 1
    return DeliveryAttempt.objects.filter(delivery=row, outcome="").update(
        outcome=TryOutcome.LOST, duration_ms=Greatest(0, Least(lasted, longest))
    )


def _endpoint_for(delivery: Delivery, result: Result) -> WebhookEndpoint | None:
    """Keeps the endpoint's record of failing, before the delivery is locked. Returns it, locked, where it is gone.
    What somebody tries by hand proves that it works, never that it fails."""
    if delivery.endpoint_id is None:
        return None
    living = WebhookEndpoint.objects.filter(pk=delivery.endpoint_id, deleted_at=None)
    if result.outcome == TryOutcome.DELIVERED:
        living.filter(failing_since__isnull=False).update(failing_since=None, warned_at=None)
        return None
    if result.outcome == TryOutcome.GONE:
        return endpoints.locked(delivery.endpoint_id)
    if not delivery.event.by_hand:
        living.filter(failing_since=None, status=EndpointStatus.ENABLED).update(failing_since=Now())
    return None


def _outcome(status: int) -> TryOutcome:
    if 200 <= status < 300:
        return TryOutcome.DELIVERED
    if 300 <= status < 400:
        return TryOutcome.REDIRECTED
    return TryOutcome.GONE if status == GONE else TryOutcome.REFUSED


def _failure(error: net.NetError) -> TryOutcome:
    match error:
        case net.Unresolvable():
            return TryOutcome.UNREACHABLE
        case net.Refused():
            return TryOutcome.FORBIDDEN
        case net.NotSent():
            return TryOutcome.UNREACHABLE
        case net.DeadlineExceeded():
            return TryOutcome.TIMED_OUT
        case _:
            return TryOutcome.BROKEN


def _asked(text: str) -> timedelta:
    """The wait of a Retry-After: whole seconds or a date (RFC 9110); nothing for anything else."""
    if text.isascii() and text.isdecimal() and len(text) <= 9:
        return timedelta(seconds=int(text))
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return timedelta()
    wanted: datetime = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return wanted - db.now()


def _storable(text: str) -> str:
    """PostgreSQL stores no NUL; decoding has replaced what is no UTF-8."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
