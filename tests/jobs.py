"""Runs real job rows without a worker process, and plays the clock that rings for due rows.

Never django-q2's sync mode: jobs run after the commit, from their rows, also twice and shuffled (style.md 8.5).
"""

from __future__ import annotations

import time
from uuid import UUID

from django.db.models.functions import Now

from generations import sweeps
from generations.models import Generation
from generations.models.generation import OPEN
from project import queue

MOST_ROUNDS = 200


class Jobs:
    """drain() runs what is queued; until() also rings and waits for the provider."""

    def drain(self, *, seed: int | None = None, repeat: int = 1) -> int:
        """Runs job rows until none is left. Returns how many runs there were."""
        total = 0
        for _ in range(MOST_ROUNDS):
            if not queue.pending():
                return total
            total += queue.run_pending(order_seed=seed, repeat=repeat)
        raise AssertionError("the queue does not come to rest")

    def ring(self) -> int:
        """Makes every open row due and rings, as the clock would in time."""
        Generation.objects.filter(status__in=OPEN).exclude(status__in=["unknown", "submitting"]).update(
            next_action_at=Now(), rung_at=None
        )
        return sweeps.ring_due()

    def until(
        self,
        *ids: UUID,
        status: str | None = None,
        seconds: float = 60.0,
        seed: int | None = None,
        repeat: int = 1,
    ) -> list[Generation]:
        """Drains and rings until each generation has ended (or reached `status`). Fails after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            self.drain(seed=seed, repeat=repeat)
            rows = list(Generation.objects.filter(pk__in=ids))
            if all(row.ended if status is None else row.status == status for row in rows) and len(rows) == len(ids):
                return rows
            if time.monotonic() > deadline:
                raise AssertionError(f"still {[row.status for row in rows]} after {seconds} s")
            time.sleep(0.05)
            self.ring()
