"""The jobs about money. Each fetches by id and calls one service; each may run twice, late, at the same time as itself,
or never. Names are stored in the queue: a renamed job keeps its old name for one release (style.md 8.2 item 15)."""

from __future__ import annotations

from billing import balance_watch, customers, payments, recharge_attempts, recharge_cards, refunds, stripe_events


def process_stripe_event(event_pk: int) -> None:
    """Acts on a stored event of Stripe's."""
    stripe_events.process(event_pk)


def converge_payment(payment_id: int) -> None:
    """Looks a payment up at Stripe."""
    payments.converge(payment_id, by="sweep")


def send_refund(refund_pk: int) -> None:
    """Asks Stripe for a refund, or how it stands there."""
    refunds.send(refund_pk)


def compare_stripe_events() -> None:
    """Finds the events that never came."""
    stripe_events.compare_with_stripe()


def recharge(auto_recharge_pk: int) -> None:
    """Charges a team's saved card, if its wallet needs it."""
    recharge_attempts.attempt(auto_recharge_pk)


def detach_card(card_removal_pk: int) -> None:
    """Has Stripe forget a card."""
    recharge_cards.detach(card_removal_pk)


def tell_customer(team_pk: int) -> None:
    """Tells Stripe a team's billing details of today."""
    customers.tell(team_pk)


def warn_low_balance(watch_pk: int) -> None:
    """Mails that a wallet is low."""
    balance_watch.warn(watch_pk)
