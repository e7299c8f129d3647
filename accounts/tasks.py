"""The jobs of accounts. Each may run twice, late, at the same time as itself, or never."""

from __future__ import annotations

from accounts.webhooks import sending


def deliver(delivery_id: int) -> None:
    """Sends one delivery whose try is due."""
    sending.deliver(delivery_id)
