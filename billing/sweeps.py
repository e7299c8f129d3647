"""Rings for what is due, and moves what is overdue: called by the clock (project/clock.py)."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Model, Q
from django.db.models.functions import Now

from billing import adjustments, balance_watch, expiries, recharge_attempts, stripe_events, takings
from billing.models import CardRemoval, Payment, Refund, StripeEvent
from project import queue

ROUND = 100  # rows of a kind that one call rings for
RING_AGAIN = timedelta(minutes=2)  # by then a job that was rung for is lost
DUE: tuple[tuple[type[Model], str], ...] = (
    (StripeEvent, "billing.tasks.process_stripe_event"),
    (Payment, "billing.tasks.converge_payment"),
    (Refund, "billing.tasks.send_refund"),
    (CardRemoval, "billing.tasks.detach_card"),
)


def ring_due() -> int:
    """Enqueues a job for each due row. Returns how many. Cheap when nothing is due."""
    return sum(_ring(model, job) for model, job in DUE) + recharge_attempts.ring() + balance_watch.ring()


def sweep() -> dict[str, int]:
    """What is done each minute. Idempotent, and safe beside itself. Returns counts by what was done."""
    return {
        "comparisons": stripe_events.ring_comparison(),
        "expired": expiries.expire(),
        "lapsed": adjustments.sweep(),
        "covered": takings.sweep(),
    }


def _ring(model: type[Model], job: str) -> int:
    """Due, and not rung for this due time yet, or rung long enough ago that its job must be lost."""
    fresh = Q(rung_at=None) | Q(rung_at__lt=F("next_action_at")) | Q(rung_at__lte=Now() - RING_AGAIN)
    rows = model._default_manager.filter(fresh, next_action_at__lte=Now())
    if not rows.exists():
        return 0
    with transaction.atomic(durable=True):
        due = list(
            rows.select_for_update(skip_locked=True, no_key=True)
            .order_by("next_action_at")
            .values_list("pk", flat=True)[:ROUND]
        )
        for pk in due:
            queue.enqueue(job, pk)
        model._default_manager.filter(pk__in=due).update(rung_at=Now())
    return len(due)
