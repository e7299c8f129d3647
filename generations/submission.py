"""Submit: the one create that a claimed generation may ever get, and what its answer proves (design section 4.4).

An answer that does not prove that nothing was made ends in `unknown`.
"""

from __future__ import annotations

import logging
import secrets
import time
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db.models.functions import Now

from generations import catalog, hand_over, inputs, limiter, outcomes, providers
from generations.claims import Claim, claim
from generations.models import Attempt, AttemptOutcome, Generation, Reason, Status
from generations.providers import base
from generations.states import backoff, locked, move
from project import db, queue
from project.failpoints import failpoint

log = logging.getLogger(__name__)

BUSY_FOR = 15.0  # seconds a dispatch job goes on claiming before it leaves the rest to the next
BACKOFF = (2, 8, 30, 90)
FIRST_POLL = timedelta(seconds=5)


def dispatch(*, provider: str) -> int:
    """Claims and submits until nothing may be sent or 15 s have passed. Returns how many were submitted."""
    started, count = time.monotonic(), 0
    while time.monotonic() - started < BUSY_FOR:
        claimed = claim(provider=provider)
        if claimed is None:
            return count
        submit(claimed)
        count += 1
    queue.enqueue("generations.tasks.dispatch", provider)
    return count


def submit(claimed: Claim) -> None:
    """The one HTTP create of an attempt, then its outcome in a transaction of its own."""
    failpoint("after_claim")
    generation = Generation.objects.get(pk=claimed.generation_id)
    entry = catalog.get(generation.model)
    provider = providers.get(generation.provider)
    callback_url = f"{settings.SITE_URL}/callbacks/{generation.provider}/{claimed.token}"
    try:
        addresses = hand_over.addresses(entry=entry, generation=generation)
        body = entry.body(inputs.for_provider(entry=entry, generation=generation, addresses=addresses))
    except base.NotHandedOver as error:  # before the create: nothing was bought
        settle_attempt(claimed, error.result, provider=generation.provider)
        return
    except Exception:  # a defect or a vanished upload: whatever it is, nothing was sent
        log.exception("the request of %s could not be made", generation.public_id)
        settle_attempt(claimed, base.NotSent("the request could not be made"), provider=generation.provider)
        return
    result = provider.create(entry=entry, body=body, callback_url=callback_url)
    failpoint("after_http")
    settle_attempt(claimed, result, provider=generation.provider)


def settle_attempt(claimed: Claim, result: base.CreateResult, *, provider: str) -> None:
    """Writes what a create's answer proves. A callback may have been faster: then nothing is left to do."""
    match result:
        case base.Accepted():
            try:
                db.in_transaction(lambda: attach(claimed.attempt_id, result.task_id, urls=result.urls, by="answer"))
                limiter.mend(provider)
            except IntegrityError:
                log.error("provider %s handed out a task id that is already ours", provider)  # faults.md row 32
                db.in_transaction(lambda: _unknown(claimed, "task id that is already ours"))
        case base.NotSent(detail=detail):
            db.in_transaction(lambda: _again(claimed, AttemptOutcome.NOT_SENT, detail, pause=0))
        case base.TryLater(detail=detail, pause=pause):
            limiter.trip(provider, why=detail, pause=timedelta(seconds=pause))
            db.in_transaction(lambda: _again(claimed, AttemptOutcome.REFUSED, detail, pause=pause))
        case base.RefusedInput(detail=detail, content=content):
            reason = Reason.CONTENT_REFUSED if content else Reason.PROVIDER_REJECTED
            db.in_transaction(lambda: _refused(claimed, reason, detail))
        case base.RefusedAccount(detail=detail):
            log.error("provider %s refuses our account: %s", provider, detail)
            limiter.trip(provider, why=detail)
            db.in_transaction(lambda: _refused(claimed, Reason.PROVIDER_UNAVAILABLE, detail))
        case base.Unknown(detail=detail, trouble=trouble):
            if trouble:
                limiter.trip(provider, why=detail)
            db.in_transaction(lambda: _unknown(claimed, detail))


def attach(attempt_id: int, task_id: str, *, urls: dict[str, str], by: str) -> bool:
    """Gives an attempt its task id and makes its generation running. False when it has one already or it is too late
    for the generation. Raises IntegrityError for an id that another generation has. In the caller's transaction."""
    attempt = Attempt.objects.get(pk=attempt_id)
    generation = locked(attempt.generation_id)
    attempt = Attempt.objects.select_for_update(no_key=True).get(pk=attempt_id)
    if attempt.outcome not in (AttemptOutcome.IN_FLIGHT, AttemptOutcome.UNKNOWN):
        return False
    _end(attempt, AttemptOutcome.ACCEPTED, task_id=task_id, detail=f"by {by}")
    if generation.status not in (Status.SUBMITTING, Status.UNKNOWN):
        return False
    move(
        generation,
        to=Status.RUNNING,
        event="submitted",
        data={"by": by, "attempt": attempt.number},
        provider_task_id=task_id,
        provider_urls=urls or None,
        submitted_at=Now() if generation.submitted_at is None else generation.submitted_at,
        next_action_at=Now() + FIRST_POLL,
    )
    return True


def expire_lease(*, generation_id: UUID) -> None:
    """submitting -> unknown when the worker's lease ran out: an expired lease proves nothing (invariants.md G8)."""

    def work() -> None:
        generation = locked(generation_id)
        attempt = Attempt.objects.filter(generation=generation, outcome=AttemptOutcome.IN_FLIGHT).first()
        if generation.status != Status.SUBMITTING or attempt is None or attempt.lease_expires_at > db.now():
            return
        _unknown(Claim(generation.pk, attempt.pk, attempt.number, ""), "lease expired")

    db.in_transaction(work)


def _again(claimed: Claim, outcome: AttemptOutcome, detail: str, *, pause: int) -> None:
    """Back to queued, with the proof on the attempt; after the fifth attempt the generation fails."""
    generation, attempt = _both(claimed)
    if attempt.outcome != AttemptOutcome.IN_FLIGHT:
        return
    _end(attempt, outcome, detail=detail)
    if generation.ended:  # its deadline came while the worker waited
        return
    if claimed.number >= Attempt.MOST:
        outcomes.fail_locked(generation, reason=Reason.PROVIDER_UNAVAILABLE, detail=detail)
        return
    delay = backoff(claimed.number - 1, delays=BACKOFF) + timedelta(seconds=pause, milliseconds=secrets.randbelow(1000))
    move(
        generation,
        to=Status.QUEUED,
        event="requeued",
        data={"attempt": claimed.number, "why": detail},
        next_action_at=Now() + delay,
    )


def _refused(claimed: Claim, reason: Reason, detail: str) -> None:
    generation, attempt = _both(claimed)
    if attempt.outcome != AttemptOutcome.IN_FLIGHT:
        return
    _end(attempt, AttemptOutcome.REFUSED, detail=detail)
    outcomes.fail_locked(generation, reason=reason, detail=detail)


def _unknown(claimed: Claim, detail: str) -> None:
    generation, attempt = _both(claimed)
    if attempt.outcome != AttemptOutcome.IN_FLIGHT:
        return
    _end(attempt, AttemptOutcome.UNKNOWN, detail=detail)
    if generation.status == Status.SUBMITTING:
        move(
            generation,
            to=Status.UNKNOWN,
            event="unknown",
            data={"attempt": claimed.number, "why": detail},
            next_action_at=generation.deadline_at,
        )


def _both(claimed: Claim) -> tuple[Generation, Attempt]:
    generation = locked(claimed.generation_id)
    return generation, Attempt.objects.select_for_update(no_key=True).get(pk=claimed.attempt_id)


def _end(attempt: Attempt, outcome: AttemptOutcome, *, detail: str, task_id: str = "") -> None:
    attempt.outcome = outcome
    attempt.detail = detail[:120]
    attempt.provider_task_id = task_id
    attempt.ended_at = db.now()
    attempt.save(update_fields=["outcome", "detail", "provider_task_id", "ended_at"])
