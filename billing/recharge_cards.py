"""Cards that were removed or replaced, until Stripe has forgotten them too."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models.functions import Now

from billing import stripe_gateway
from billing.models import CardRemoval
from billing.stripe_seen import Refused, StripeFailed

log = logging.getLogger(__name__)
AGAIN = timedelta(minutes=10)


def detach(pk: int) -> None:
    """Has Stripe forget one card. The job of a CardRemoval: again does nothing, a failure is tried again."""
    row = CardRemoval.objects.filter(pk=pk, ended_at=None).first()
    if row is None or not stripe_gateway.is_on():
        return
    try:
        stripe_gateway.detach(row.payment_method)
    except StripeFailed as failure:
        log.warning("a card is still at Stripe: %s", failure)
        CardRemoval.objects.filter(pk=pk, ended_at=None).update(next_action_at=Now() + AGAIN)
        return
    except Refused as refusal:  # Stripe has none such (any more)
        log.info("no card to forget: %s", refusal.code)
    CardRemoval.objects.filter(pk=pk, ended_at=None).update(next_action_at=None, ended_at=Now())
