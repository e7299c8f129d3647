"""Store: brings a finished task's outputs into our storage, then settles (design section 4.7, 4.8).

Tries are counted on the row before the work, so that a job that kills its worker stops too (invariants.md O1).
"""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError

from generations import files, observation, outcomes, removals
from generations.models import Generation, Output, Reason, Status
from generations.providers import base
from generations.states import backoff, locked, record
from project import db

log = logging.getLogger(__name__)

RETRIES = (5, 20, 60, 120, 240)  # seconds: five more tries within some 8 minutes (faults.md row 21)
GIVE_UP = timedelta(minutes=14)  # after this nothing is tried again (design section 6: within 15 minutes)
LEASE = timedelta(seconds=620)  # one try's longest life, a little above the store lane's job timeout
OWN_STORAGE_AGAIN = timedelta(seconds=20)
IMAGE_DEADLINE, VIDEO_DEADLINE = 60.0, 240.0


def store(*, generation_id: UUID) -> None:
    """Fetches what is missing of a storing generation's outputs. All there: succeeds. Otherwise tries later, and at
    the end delivers what there is, or fails with everything released."""
    generation = db.in_transaction(lambda: _begin(generation_id))
    if generation is None:
        return
    sources = _sources(generation)
    lost = ""
    have = set(Output.objects.filter(generation=generation).values_list("index", flat=True))
    for index, source in enumerate(sources):
        if index in have:
            continue
        try:
            _bring(generation, index, source)
        except files.ResultError as error:
            lost = type(error).__name__
            log.warning("output %s of %s: %s", index, generation.public_id, lost)
        except files.StorageDown:
            log.exception("our storage refused output %s of %s", index, generation.public_id)
            _wait_for_our_storage(generation)
            return
    if lost:
        _later(generation, lost)
    else:
        outcomes.succeed(generation_id=generation_id)


def _begin(generation_id: UUID) -> Generation | None:
    """Counts the try and takes the row for its length; None when there is nothing to do or another has it."""
    generation = locked(generation_id)
    if generation.status != Status.STORING:
        return None
    moment = db.now()
    if generation.store_tries and generation.next_action_at and generation.next_action_at > moment:
        return None
    if generation.kind == "text":
        return generation
    generation.store_tries += 1
    generation.next_action_at = moment + LEASE
    generation.save(update_fields=["store_tries", "next_action_at"])
    return generation


def _sources(generation: Generation) -> list[str]:
    """The provider's addresses; from the second try on asked for again, because links expire."""
    known: list[str] = generation.sources or []
    if generation.store_tries <= 1 or generation.provider_task_id is None:
        return known
    seen = observation.read(generation, generation.provider_task_id)
    if isinstance(seen, base.Done) and seen.sources:
        return seen.sources[: generation.requested_outputs]
    return known


def _bring(generation: Generation, index: int, source: str) -> None:
    """Streams one output into storage and writes its row; a row that is there already is left."""
    video = generation.kind == "video"
    stored = files.receive(
        source,
        kind="video" if video else "image",
        name_stem=f"teams/{generation.team_id}/{generation.pk}/{index}",
        deadline=VIDEO_DEADLINE if video else IMAGE_DEADLINE,
        max_bytes=files.VIDEO_BYTES if video else files.IMAGE_BYTES,
    )

    def work() -> bool:
        row = locked(generation.pk)
        there = Output.objects.filter(generation=row, index=index).exists()
        if row.status != Status.STORING or there:
            return there and not removals.is_removed(row)
        Output.objects.create(
            generation=row,
            team_id=row.team_id,
            index=index,
            kind=row.kind,
            name=stored.name,
            preview=stored.preview_name or "",
            content_type=stored.content_type,
            bytes=stored.bytes,
            sha256=stored.sha256,
            width=stored.width,
            height=stored.height,
            duration_ms=stored.duration_ms,
        )
        record(row, "stored", data={"index": index, "bytes": stored.bytes})
        return True

    try:
        wanted = db.in_transaction(work)
    except IntegrityError:
        log.info("output %s of %s was stored by another job", index, generation.public_id)
        return
    if not wanted:  # it came too late: after the end, or after its team had deleted what was made
        for name in filter(None, (stored.name, stored.preview_name)):
            files.delete(name)


def _later(generation: Generation, lost: str) -> None:
    """The next try, or the end: what is stored is delivered, nothing stored is a lost result."""

    def work() -> bool:
        row = locked(generation.pk)
        if row.status != Status.STORING:
            return False
        if row.store_tries <= len(RETRIES) and db.now() < row.status_at + GIVE_UP:
            row.next_action_at = db.now() + backoff(row.store_tries - 1, delays=RETRIES)
            row.save(update_fields=["next_action_at"])
            record(row, "store_retried", data={"try": row.store_tries, "why": lost})
            return False
        if Output.objects.filter(generation=row).exists():
            return True
        outcomes.fail_locked(row, reason=Reason.RESULT_LOST, detail=lost)
        return False

    if db.in_transaction(work):
        outcomes.succeed(generation_id=generation.pk)


def _wait_for_our_storage(generation: Generation) -> None:
    """The result is not at fault: the try is not counted (faults.md row 25)."""

    def work() -> None:
        row = locked(generation.pk)
        if row.status == Status.STORING:
            row.store_tries = max(row.store_tries - 1, 0)
            row.next_action_at = db.now() + OWN_STORAGE_AGAIN
            row.save(update_fields=["store_tries", "next_action_at"])

    db.in_transaction(work)


def give_up(*, generation_id: UUID) -> None:
    """The sweep's end for a storing generation that is past its time, whatever became of its jobs."""
    generation = Generation.objects.get(pk=generation_id)
    if generation.kind == "text" or Output.objects.filter(generation=generation).exists():
        outcomes.succeed(generation_id=generation_id)
    else:
        outcomes.fail(generation_id=generation_id, reason=Reason.RESULT_LOST, detail="past its time")
