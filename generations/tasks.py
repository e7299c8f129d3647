"""The jobs. Each fetches by id and calls one service; each may run twice, late, at the same time as itself, or never.

Names are stored in the queue: a renamed job keeps its old name for one release (style.md 8.2 item 15).
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from generations import callbacks, observation, removals, storage, submission, sweeps
from generations.oversight import alert_delivery, balance_chores, balances, bills, books_runs, usage_settle


def dispatch(provider: str) -> None:
    """Claims and submits what is waiting for a provider, fairly, for a bounded time."""
    submission.dispatch(provider=provider)


def observe(generation_id: str) -> None:
    """Looks after one open generation: reads the provider's record, or what is due in its state."""
    observation.observe(generation_id=UUID(generation_id))


def store(generation_id: str) -> None:
    """Brings the outputs of a finished provider task into our storage, then settles."""
    storage.store(generation_id=UUID(generation_id))


def process_callback(callback_id: int) -> None:
    """Acts on a stored callback: attaches a lost task, rings observe."""
    callbacks.process(callback_id=callback_id)


def remove_files() -> None:
    """Takes the files of deleted outputs out of the storage."""
    removals.drop_files()


def read_balance(provider: str) -> None:
    """Asks a provider what is left of our money there."""
    balances.read(provider)


def close_balance_day(provider: str, day: str) -> None:
    """Compares what a provider took on a day with the charges that we know of."""
    balance_chores.close_day(provider=provider, day=date.fromisoformat(day))


def take_bill(provider: str, day: str) -> None:
    """Asks a provider what it billed on a day, and takes that."""
    bills.take_day(provider=provider, day=date.fromisoformat(day))


def settle_bills(provider: str) -> None:
    """Sets the costs that a provider's bills say, where they are not set yet."""
    usage_settle.settle_ended(provider=provider)


def check_books(by: str, full: int = 1) -> None:
    """The checks of the books, of all days or of the recent ones."""
    books_runs.run(full=bool(full), by=by)


def sweep() -> None:
    """Moves whatever is overdue, through the same functions as everybody else."""
    sweeps.sweep()


def tell_alert(notice_id: int) -> None:
    """Sends one notice of an alert to the operator's webhook, when its try is due."""
    alert_delivery.deliver(notice_id)
