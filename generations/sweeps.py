"""The clock: rings for what is due, and ends what is overdue (design section 4.10, invariants.md G11, H7).

The queue is only a doorbell. If it is emptied, these find every open generation again by its row.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from accounts import invitations, key_mail
from billing import closures, reconcile
from generations import hand_over, idempotency, observation, removals, storage, uploads
from generations.models import BatchQuote, Callback, CallbackVerdict, Generation, Quote, Status
from generations.models.generation import OPEN
from generations.oversight import alert_delivery, balance_chores, books_runs, folding, pauses, refused
from project import db, queue

log = logging.getLogger(__name__)

ROUND = 200  # rows a ring takes
RING_AGAIN = timedelta(seconds=45)  # a rung row is not rung again before this, whatever became of the job
CALLBACK_AGAIN = timedelta(seconds=20)


def ring_due() -> int:
    """Enqueues a job for each due row, many a round. Returns how many. Cheap when nothing is due."""
    if queue.length() > 5 * ROUND:
        return 0  # the doorbell is ringing already
    return _ring_generations() + _ring_callbacks()


def _ring_generations() -> int:
    """Due, and not rung for this due time yet, or rung long enough ago that its job must be lost."""
    fresh = Q(rung_at=None) | Q(rung_at__lt=F("next_action_at")) | Q(rung_at__lte=Now() - RING_AGAIN)
    with transaction.atomic(durable=True):
        due = list(
            Generation.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(fresh, status__in=OPEN, next_action_at__lte=Now())
            .exclude(status=Status.QUEUED)
            .order_by("next_action_at")
            .values_list("pk", "status")[:ROUND]
        )
        for pk, status in due:
            if status == Status.STORING:
                queue.enqueue("generations.tasks.store", str(pk), lane="store")
            else:
                queue.enqueue("generations.tasks.observe", str(pk))
        Generation.objects.filter(pk__in=[pk for pk, _ in due]).update(rung_at=Now())
        waiting = set(
            Generation.objects.filter(status=Status.QUEUED, next_action_at__lte=Now())
            .values_list("provider", flat=True)
            .distinct()
        )
        for provider in waiting - pauses.paused_providers():
            queue.enqueue("generations.tasks.dispatch", provider)
    return len(due) + len(waiting)


def _ring_callbacks() -> int:
    """Callbacks that were stored and not processed, whose job is lost or found the provider silent."""
    late = Callback.objects.filter(
        Q(rung_at=None) | Q(rung_at__lte=Now() - CALLBACK_AGAIN),
        verdict=CallbackVerdict.RECEIVED,
        received_at__lte=Now() - CALLBACK_AGAIN,
    )
    with transaction.atomic(durable=True):
        ids = list(late.select_for_update(skip_locked=True).order_by("id").values_list("pk", flat=True)[:ROUND])
        for pk in ids:
            queue.enqueue("generations.tasks.process_callback", pk)
        Callback.objects.filter(pk__in=ids).update(rung_at=Now())
    return len(ids)


def sweep() -> dict[str, int]:
    """Ends what is past its time, through the same functions as everybody else; prunes; rings for what takes long.

    Idempotent and safe beside itself. Returns counts by what was done."""
    counts: dict[str, int] = {}
    moment = db.now()
    overdue = Generation.objects.filter(status__in=OPEN, deadline_at__lte=moment).exclude(status=Status.STORING)
    counts["expired"] = _each(overdue, observation.expire)
    stuck = Generation.objects.filter(status=Status.STORING, status_at__lte=moment - storage.GIVE_UP)
    counts["given_up"] = _each(stuck, storage.give_up)
    month = moment - timedelta(days=30)
    counts["quotes"] = Quote.objects.filter(expires_at__lte=month, generations=None).delete()[0]
    counts["quotes"] += BatchQuote.objects.filter(expires_at__lte=month).delete()[0]
    counts["idempotency"] = idempotency.prune()
    counts["uploads"] = uploads.sweep()
    counts["removals"] = removals.drop_files()
    counts["refused"] = refused.prune()
    counts["notices"] = alert_delivery.prune()
    counts["copies"] = hand_over.forget_expired()
    counts["closed"] = closures.finish()
    counts["invitations"] = invitations.expire_overdue()
    counts["key_notices"] = key_mail.warn_of_expiry()
    counts["balances"] = balance_chores.ring()
    counts["folded"] = folding.fold()
    counts["books"] = books_runs.ring()
    counts["checks"] = reconcile.prune()
    return counts


def _each(rows: QuerySet[Generation], act: Callable[..., None]) -> int:
    """Acts on each row by id; one that cannot be moved is logged and does not stop the others."""
    done = 0
    for pk in rows.values_list("pk", flat=True)[:ROUND]:
        try:
            act(generation_id=pk)
            done += 1
        except Exception:
            log.exception("overdue generation %s could not be ended", pk)
    return done
