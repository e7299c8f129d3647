"""Words of the pages about the wallet."""

from __future__ import annotations

from django import template

from billing import lots, words
from billing.models import Lot, Payment, Refund, Transfer
from project.money import dollars, usd

register = template.Library()


@register.filter
def what(transfer: Transfer) -> str:
    """`Bought`, `Granted: bonus`, `Charged`."""
    return words.what(transfer)


@register.filter
def called(lot: Lot) -> str:
    """Which credit a lot is."""
    return lots.label(lot)


@register.filter
def in_words(row: Payment | Refund) -> str:
    """The status of a payment or refund."""
    return words.STATUSES[row.status] if isinstance(row, Payment) else words.REFUNDS[row.status]


@register.filter
def plain_usd(amount: int) -> str:
    """`1000.5` of an amount, as an address takes it."""
    return usd(amount)


_TONES = {"paid": "succeeded", "refunded": "", "disputed": "unknown", "failed": "failed", "pending": "running"}


@register.filter
def tone(row: Payment) -> str:
    """The class of a payment's badge."""
    return _TONES[row.status]


@register.filter
def in_dollars(amount: int) -> str:
    """`$1,000` of an amount, with its cents where there are any: for what one chooses by."""
    return dollars(amount).removesuffix(".00")
