"""Stripe's events: stored as they came, answered, processed by a job; and a comparison finds those that never came.

An event is only a hint that something about a payment changed. What, is fetched (payments.look_up); so duplicates,
disorder and events three days late end the same.
"""

from __future__ import annotations

import itertools
import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Greatest, Now

from accounts import audit
from accounts.models import Action
from billing import payments, stripe_gateway, stripe_shapes
from billing.models import EventStatus, Payment, StripeEvent, StripeWatch
from billing.stripe_seen import EventAbout, EventSeen, Refused, StripeFailed
from project import db, ids, queue
from project.failpoints import failpoint

log = logging.getLogger(__name__)

JOB = "billing.tasks.process_stripe_event"
COMPARE = "billing.tasks.compare_stripe_events"
MOST_ATTEMPTS = 12  # some three hours; then it stays failed until staff run it again
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=10), timedelta(hours=1)

EVERY = timedelta(days=1)  # how often Stripe's list is compared
AGAIN = timedelta(minutes=10)  # when a comparison that was rung for has not ended
KEPT = timedelta(days=29)  # Stripe lists events of 30 days
MARGIN = timedelta(hours=1)  # an event may be listed later than it was made
WINDOW = timedelta(days=1)  # compared at a time
BUDGET = timedelta(seconds=25)  # of one job; what is left goes to the next


class Ignored(Exception):
    """Nothing to do, for the reason that staff read."""


def receive(seen: EventSeen, source: str) -> bool:
    """Stores an event and rings its job; False for one that is known. `source`: webhook or sweep. When it returns it
    is committed."""

    def keep() -> bool:
        row, is_new = StripeEvent.objects.get_or_create(
            event_id=seen.id,
            defaults={
                "type": seen.type,
                "object_id": seen.object_id,
                "account": seen.account,
                "livemode": seen.livemode,
                "api_version": seen.api_version,
                "payload": seen.raw,
                "source": source,
                "created_at": seen.created_at,
                "next_action_at": Now(),
                "rung_at": Now(),
            },
        )
        if is_new:
            queue.enqueue(JOB, row.pk)
        return is_new

    return db.in_transaction(keep)


def process(event_pk: int) -> StripeEvent:
    """Acts on a stored event, unless that is done. Goes over the network. What fails is tried again, later and later;
    after MOST_ATTEMPTS it is `failed`, for staff to see and run again."""
    event = StripeEvent.objects.get(pk=event_pk)
    if event.status != EventStatus.RECEIVED:
        return event
    failpoint("before_processing")
    try:
        payment = _payment(event)
        found = payments.look_up(payment.pk, by="webhook")
    except Ignored as reason:
        _close(event, EventStatus.IGNORED, str(reason))
    except Exception as error:  # whatever it was: it is tried again, and staff see it in the end
        log.exception("event %s was not processed", event.event_id)
        _failed(event, error)
    else:
        _close(event, EventStatus.PROCESSED, f"Payment {found.public_id} is {found.status}.")
    event.refresh_from_db()
    return event


def run_again(event: StripeEvent, by: audit.Staff) -> bool:
    """Staff run an event again that failed or was ignored (one that was processed, too: it changes nothing). False
    when it waits to be run anyway."""

    def write() -> bool:
        row = StripeEvent.objects.select_for_update(no_key=True).get(pk=event.pk)
        if row.status == EventStatus.RECEIVED:
            return False
        before = row.status
        StripeEvent.objects.filter(pk=row.pk).update(
            status=EventStatus.RECEIVED,
            outcome="",
            attempts=0,
            next_action_at=Now(),
            rung_at=Now(),
            processed_at=None,
        )
        audit.record(
            Action.STAFF_CHANGED,
            by=by,
            team=None,
            target=f"billing.stripeevent:{row.pk}",
            target_name=f"{row.type} {row.event_id}",
            data={"did": "ran again", "before": {"status": before}, "after": {"status": str(EventStatus.RECEIVED)}},
        )
        queue.enqueue(JOB, row.pk)
        return True

    return db.in_transaction(write)


def _payment(event: StripeEvent) -> Payment:
    """The payment that an event is about. Raises Ignored."""
    if event.type not in stripe_gateway.TYPES:
        raise Ignored("This type of event is not used.")
    if event.livemode != settings.STRIPE.livemode:
        raise Ignored(f"It is of {'live' if event.livemode else 'test'} mode, our key is not.")
    if event.account and event.account != stripe_gateway.account_id():
        raise Ignored(f"It is of another account: {event.account}.")
    about = stripe_shapes.about(event.payload)
    found = _known(about)
    if found is None and about.intent and not about.payment:  # a refund or dispute, before we knew the intent
        found = _known(EventAbout("", "", stripe_gateway.payment_named_by(about.intent)))
    if found is None:
        raise Ignored("It is about no payment of ours.")
    return found


def _known(about: EventAbout) -> Payment | None:
    rows = Payment.objects.all()
    uuid = ids.parse("pay", about.payment)
    return (
        (rows.filter(payment_intent=about.intent).first() if about.intent else None)
        or (rows.filter(checkout_session=about.session).first() if about.session else None)
        or (rows.filter(uuid=uuid).first() if uuid else None)
    )


def _close(event: StripeEvent, status: EventStatus, outcome: str) -> None:
    StripeEvent.objects.filter(pk=event.pk, status=EventStatus.RECEIVED).update(
        status=status,
        outcome=outcome[:300],
        attempts=F("attempts") + 1,
        next_action_at=None,
        processed_at=Now(),
    )


def _failed(event: StripeEvent, error: Exception) -> None:
    """Tries again later. Never in the words of Stripe: they are in the log."""
    sentence = f"{type(error).__name__}: {error}"
    if event.attempts + 1 >= MOST_ATTEMPTS:
        _close(event, EventStatus.FAILED, sentence)
        return
    pause = min(FIRST_PAUSE * 2**event.attempts, LONGEST_PAUSE)
    StripeEvent.objects.filter(pk=event.pk, status=EventStatus.RECEIVED).update(
        outcome=sentence[:300], attempts=F("attempts") + 1, next_action_at=Now() + pause
    )


# --- the comparison ---------------------------------------------------------------------------------------------
def ring_comparison() -> int:
    """Enqueues the comparison when it is due, and at a process's first call; 1 when it did. Harmless beside itself."""
    global _was_rung
    if not stripe_gateway.is_on():
        return 0
    first, _was_rung = not _was_rung, True
    return db.in_transaction(lambda: _ring_comparison(first))


_was_rung = False  # by this process: after a stop nobody knows what was missed


def _ring_comparison(first: bool) -> int:  # noqa: FBT001 - one caller
    StripeWatch.objects.get_or_create(defaults={"compared_until": db.now() - KEPT})
    rows = StripeWatch.objects.select_for_update(skip_locked=True, no_key=True)
    if not (rows if first else rows.filter(next_action_at__lte=Now())).exists():
        return 0
    StripeWatch.objects.update(next_action_at=Now() + AGAIN)
    queue.enqueue(COMPARE)
    return 1


def compare_with_stripe() -> int:
    """Stores the events that Stripe has and we have not, since the last comparison; returns how many. Goes over the
    network, for a bounded time: what is left, and what Stripe does not answer, is a later job's."""
    watch = StripeWatch.objects.first()
    if watch is None or not stripe_gateway.is_on():
        return 0
    began = db.now()
    missed = 0
    since = max(watch.compared_until - MARGIN, began - KEPT)
    while since < began:
        until = min(since + WINDOW, began)
        try:
            missed += _compare(since, until)
        except (StripeFailed, Refused) as error:
            log.warning("events were not compared: %s", error)
            return missed
        StripeWatch.objects.update(
            compared_until=Greatest(F("compared_until"), until),
            next_action_at=Now() + (EVERY if until == began else timedelta()),
        )
        since = until
        if db.now() - began > BUDGET:
            break
    return missed


def _compare(since: datetime, until: datetime) -> int:
    listed = stripe_gateway.list_events(since, until)
    missed = 0
    while page := list(itertools.islice(listed, stripe_gateway.PAGE)):
        rows = StripeEvent.objects.filter(event_id__in=[seen.id for seen in page])
        known = set(rows.values_list("event_id", flat=True))
        for seen in page:
            if seen.id not in known and receive(seen, "sweep"):
                log.warning("event %s (%s) never came by webhook", seen.id, seen.type)
                missed += 1
    return missed
