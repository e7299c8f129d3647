"""Words of the pages about the wallet."""

from __future__ import annotations

from django import template

from billing import words
from billing.models import Lot, Payment, Refund, Transfer

register = template.Library()


@register.filter
def what(transfer: Transfer) -> str:
    """`Bought`, `Granted: bonus`, `Charged`."""
    return words.what(transfer)


@register.filter
def in_words(row: Payment | Refund | Lot) -> str:
    """The status of a payment or refund; the kind of a lot."""
    if isinstance(row, Payment):
        return words.STATUSES[row.status]
    if isinstance(row, Refund):
        return words.REFUNDS[row.status]
    return words.LOTS[row.kind]


_TONES = {"paid": "succeeded", "refunded": "", "disputed": "unknown", "failed": "failed", "pending": "running"}


@register.filter
def tone(row: Payment) -> str:
    """The class of a payment's badge."""
    return _TONES[row.status]
