"""Ends of generations by the house's own verbs, without a provider: for tests of what the API shows of them."""

from __future__ import annotations

import hashlib

from django.db import transaction

from generations import outcomes, states
from generations.models import Generation, Output, Status


def store(generation: Generation, *, delivered: int, text: str = "") -> Generation:
    """Moves a queued generation to storing, with outputs recorded (its files are of no interest here)."""
    with transaction.atomic():
        row = states.locked(generation.pk)
        states.move(row, to=Status.SUBMITTING, event="claimed")
        states.move(row, to=Status.RUNNING, event="submitted", provider_task_id=f"task-{row.pk.hex}")
        states.move(row, to=Status.STORING, event="observed", text=text, actual_cost=10 if text else None)
        for index in range(delivered):
            Output.objects.create(
                generation=row,
                team_id=row.team_id,
                index=index,
                kind=row.kind,
                name=f"teams/{row.team_id}/{row.pk}/{index}.png",
                content_type="image/png",
                bytes=1234,
                sha256=hashlib.sha256(str(index).encode()).hexdigest(),
                width=1024,
                height=768,
                duration_ms=5042 if row.kind == "video" else None,
            )
    return row


def succeed(generation: Generation, *, delivered: int = 1, text: str = "") -> Generation:
    """The same, and settled."""
    store(generation, delivered=0 if text else delivered, text=text)
    return outcomes.succeed(generation_id=generation.pk)
