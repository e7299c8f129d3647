"""The jobs about money. Each fetches by id and calls one service; each may run twice, late, at the same time as itself,
or never. Names are stored in the queue: a renamed job keeps its old name for one release (style.md 8.2 item 15)."""

from __future__ import annotations

from billing import payments, stripe_events


def process_stripe_event(event_pk: int) -> None:
    """Acts on a stored event of Stripe's."""
    stripe_events.process(event_pk)


def converge_payment(payment_id: int) -> None:
    """Looks a payment up at Stripe."""
    payments.converge(payment_id, by="sweep")


def compare_stripe_events() -> None:
    """Finds the events that never came."""
    stripe_events.compare_with_stripe()
