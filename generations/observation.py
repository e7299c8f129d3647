"""Observe: what the provider's own record says, fetched with our key, decides (design section 4.6).

One look a job; no look holds a transaction while it is on the network.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from generations import catalog, limiter, outcomes, providers, submission
from generations.models import Attempt, AttemptOutcome, Generation, LateResult, Reason, Status
from generations.providers import base
from generations.states import backoff, locked, move, record
from project import db, queue

log = logging.getLogger(__name__)

POLLS = (10, 15, 20, 30)  # seconds; the first look is 5 s after the submit (submission.FIRST_POLL)
MISREADS = 3
READ_AGAIN = timedelta(seconds=2)


def observe(*, generation_id: UUID) -> None:
    """Looks after one open generation: what is due in its state. An ended one is left alone."""
    generation = Generation.objects.get(pk=generation_id)
    if generation.ended:
        return
    if generation.status != Status.STORING and generation.deadline_at <= db.now():
        expire(generation_id=generation_id)
    elif generation.status == Status.SUBMITTING:
        submission.expire_lease(generation_id=generation_id)
    elif generation.status == Status.RUNNING:
        _look(generation)
    elif generation.status == Status.STORING:
        queue.enqueue("generations.tasks.store", str(generation_id), lane="store")


def expire(*, generation_id: UUID) -> None:
    """Past the deadline: failed, everything released; out of unknown the reason says so (design section 4.10)."""

    def work() -> None:
        generation = locked(generation_id)
        if generation.ended or generation.status == Status.STORING or generation.deadline_at > db.now():
            return
        flying = Attempt.objects.filter(
            generation=generation, outcome__in=[AttemptOutcome.IN_FLIGHT, AttemptOutcome.UNKNOWN]
        ).exists()
        reason = Reason.OUTCOME_UNKNOWN if flying else Reason.TIMED_OUT
        outcomes.fail_locked(generation, reason=reason, detail=f"deadline while {generation.status}")

    db.in_transaction(work)


def _look(generation: Generation) -> None:
    assert generation.provider_task_id is not None
    if not limiter.take_read(generation.provider):
        Generation.objects.filter(pk=generation.pk, status=Status.RUNNING).update(next_action_at=db.now() + READ_AGAIN)
        return
    seen = read(generation, generation.provider_task_id)
    match seen:
        case base.Done():
            finish(generation_id=generation.pk, done=seen)
        case base.Failed(detail=detail, content=content, cost=cost):
            reason = Reason.CONTENT_REFUSED if content else Reason.PROVIDER_FAILED
            outcomes.fail(generation_id=generation.pk, reason=reason, detail=detail, cost=cost)
        case base.Unreadable(detail=detail):
            _misread(generation, detail)
        case base.Trouble(detail=detail):
            log.info("record of %s not to be had: %s", generation.public_id, detail)
            _later(generation)
        case _:
            _later(generation)


def read(generation: Generation, task_id: str) -> base.Observation:
    """The provider's record of a task of this generation. On the network: never inside a transaction."""
    entry = catalog.get(generation.model)
    urls = generation.provider_urls if generation.provider_task_id == task_id else None
    return providers.get(generation.provider).read(base.Task(task_id, entry, urls or {}))


def finish(*, generation_id: UUID, done: base.Done) -> None:
    """running -> storing with the provider's addresses, or failed(no_output). A text is complete at once."""

    def work() -> bool:
        generation = locked(generation_id)
        if generation.status != Status.RUNNING:
            return False
        sources = done.sources[: generation.requested_outputs]
        if not (done.text if generation.kind == "text" else sources):
            outcomes.fail_locked(generation, reason=Reason.NO_OUTPUT, cost=done.cost)
            return False
        dropped = len(done.sources) - len(sources)
        move(
            generation,
            to=Status.STORING,
            event="finished",
            data={"outputs": len(sources) or 1} | ({"dropped": dropped} if dropped else {}),
            sources=sources,
            text=done.text if generation.kind == "text" else "",
            actual_cost=done.cost,
            next_action_at=db.now() + timedelta(seconds=60),
        )
        if generation.kind != "text":
            queue.enqueue("generations.tasks.store", str(generation_id), lane="store")
        return generation.kind == "text"

    if db.in_transaction(work):
        outcomes.succeed(generation_id=generation_id)


def _misread(generation: Generation, detail: str) -> None:
    """Reads again, and after the third time gives up: nothing was delivered (faults.md row 18)."""

    def work() -> None:
        row = locked(generation.pk)
        if row.status != Status.RUNNING:
            return
        if row.misreads + 1 >= MISREADS:
            outcomes.fail_locked(row, reason=Reason.RESULT_LOST, detail=detail)
            return
        row.misreads += 1
        row.next_action_at = db.now() + READ_AGAIN
        row.save(update_fields=["misreads", "next_action_at"])
        record(row, "misread", data={"time": row.misreads})

    db.in_transaction(work)


def _later(generation: Generation) -> None:
    """The next look, further away each time, up to every 30 s (design section 4.5)."""
    Generation.objects.filter(pk=generation.pk, status=Status.RUNNING).update(
        polls=generation.polls + 1, next_action_at=db.now() + backoff(generation.polls, delays=POLLS)
    )


def keep_late_result(*, generation: Generation, task_id: str, done: base.Done) -> bool:
    """Keeps a success that came after the end, once a task, and books its cost, also when it is told later. Never
    charges (invariants.md G10). False for one that was kept before."""

    def work() -> bool:
        row = locked(generation.pk)
        late, made = LateResult.objects.get_or_create(
            generation=row, provider_task_id=task_id, defaults={"sources": done.sources, "cost": done.cost}
        )
        if not made and (late.cost is not None or done.cost is None):
            return False
        before = {"cost": row.actual_cost, "verdict": row.cost_verdict}
        if not made:
            late.cost = done.cost
            late.save(update_fields=["cost"])
        outcomes.late_cost_locked(row, task_id=task_id, told=done.cost)
        booked = {"before": before, "after": {"cost": row.actual_cost, "verdict": row.cost_verdict}}
        if made:
            record(row, "late_result", data={"outputs": len(done.sources), **booked})
        elif booked["after"] != before:
            record(row, "billed", data={**booked, "source": "the record of a late result"})
        return made

    return db.in_transaction(work)
