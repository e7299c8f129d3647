"""One try of one delivery: claimed by a lease, signed, sent outside any transaction, and written down."""

from __future__ import annotations


def deliver(delivery_id: int) -> None:
    """Sends what is due of this delivery."""
    raise NotImplementedError
