"""A generation's status changes in one function: move (design section 2). The database refuses illegal steps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from accounts.models import EventType
from accounts.webhooks import events
from generations import present
from generations.models import Generation, GenerationEvent, Status
from generations.models.generation import TERMINAL

# The outgoing event that each status announces (design section 6, webhooks).
ANNOUNCED = {
    Status.RUNNING: EventType.GENERATION_RUNNING,
    Status.SUCCEEDED: EventType.GENERATION_SUCCEEDED,
    Status.FAILED: EventType.GENERATION_FAILED,
    Status.CANCELED: EventType.GENERATION_CANCELED,
}


def locked(generation_id: UUID) -> Generation:
    """The generation, locked for this transaction. The first lock on every path (invariants.md section 3)."""
    return (
        Generation.objects.select_for_update(no_key=True, of=("self",))
        .select_related("team", "price_version")
        .get(pk=generation_id)
    )


def move(
    generation: Generation,
    *,
    to: Status,
    event: str,
    actor: str = "system",
    data: dict[str, Any] | None = None,
    **fields: Any,
) -> Generation:
    """Moves a locked generation to `to`, sets `fields` with it, writes its history and outgoing event.

    Terminal statuses lose their next action. Raises IntegrityError for a step that does not exist."""
    if to in TERMINAL:
        fields["next_action_at"] = None
    for name, value in fields.items():
        setattr(generation, name, value)
    generation.status = to
    generation.save(update_fields=["status", *fields])
    record(generation, event, actor=actor, data=data)
    announce(generation)
    return generation


def record(
    generation: Generation, kind: str, *, actor: str = "system", data: dict[str, Any] | None = None
) -> GenerationEvent:
    """Writes one line of history, in the transaction of the fact."""
    return GenerationEvent.objects.create(
        generation=generation, team_id=generation.team_id, kind=kind, actor=actor, data=data or {}
    )


def record_accepted(rows: Sequence[Generation], *, actor: str) -> None:
    """Writes the first line of history of generations that are just written."""
    GenerationEvent.objects.bulk_create(
        GenerationEvent(
            generation=row, team_id=row.team_id, kind="accepted", actor=actor, data={"held": row.hold_amount}
        )
        for row in rows
    )


def announce(generation: Generation) -> None:
    """Tells of the present status, if that status is told: the generation as its readers see it now, files included
    that were stored before the move. Whoever asks for it holds its lock."""
    kind = ANNOUNCED.get(Status(generation.status))
    if kind is None:
        return
    events.publish(
        team=generation.team,
        type=kind,
        subject=generation.public_id,
        payload=lambda: present.snapshot(_as_written(generation)),
        url=generation.webhook_url,
    )


def _as_written(generation: Generation) -> Generation:
    """The row anew: moments that the database set are expressions in the one that was saved."""
    return Generation.objects.select_related("removal").prefetch_related("outputs").get(pk=generation.pk)


def backoff(step: int, *, delays: tuple[int, ...]) -> timedelta:
    """The pause before try number `step` (from 0): one of `delays` in seconds, the last one for ever."""
    return timedelta(seconds=delays[min(step, len(delays) - 1)])
