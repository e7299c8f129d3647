"""Claim and submit: which generation goes next, and the one create it may ever get (design section 4.3, 4.4).

The claim is committed before any HTTP. An answer that does not prove that nothing was made ends in `unknown`.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection
from django.db.models.functions import Now

from accounts.models import TeamStatus
from generations import catalog, inputs, limiter, outcomes, providers
from generations.models import Attempt, AttemptOutcome, Generation, Listing, Reason, Status
from generations.providers import base
from generations.states import backoff, locked, move
from project import db, queue
from project.failpoints import failpoint

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)  # longer than a create's deadline and the job's timeout together with their slack
BUSY_FOR = 15.0  # seconds a dispatch job goes on claiming before it leaves the rest to the next
BACKOFF = (2, 8, 30, 90)
FIRST_POLL = timedelta(seconds=5)


@dataclass(frozen=True)
class Claim:
    """A generation that is ours to submit, once; `token` goes into the callback URL and is stored nowhere else."""

    generation_id: UUID
    attempt_id: int
    number: int
    token: str


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


def claim(*, provider: str) -> Claim | None:
    """Takes the next generation of a provider, fairly between teams, within every limit; None when none may go."""
    return db.in_transaction(lambda: _claim(provider))


def _claim(provider: str) -> Claim | None:
    limiter.lock(provider, limiter.CREATE)
    moment = db.now()
    if limiter.circuit_open(provider, moment):
        return None
    generation_id = _next(provider)
    if generation_id is None or not limiter.take_create(provider):
        return None
    generation = locked(generation_id)
    if generation.status != Status.QUEUED:  # canceled between the look and the lock
        limiter.give_back(provider)
        return None
    if not Listing.objects.filter(pk=generation.model, available=True).exists():
        limiter.give_back(provider)
        outcomes.fail_locked(generation, reason=Reason.MODEL_WITHDRAWN)
        return None
    number = Attempt.objects.filter(generation=generation).count() + 1
    token = secrets.token_hex(16)
    attempt = Attempt.objects.create(
        generation=generation,
        number=number,
        token_hash=token_hash(token),
        credential=providers.get(provider).credential(),
        lease_expires_at=moment + LEASE,
    )
    move(
        generation,
        to=Status.SUBMITTING,
        event="claimed",
        data={"attempt": number},
        next_action_at=moment + LEASE,
    )
    return Claim(generation.pk, attempt.pk, number, token)


def _next(provider: str) -> UUID | None:
    """The oldest due generation of the team with the fewest under way, then of the team served longest ago."""
    limits = settings.PROVIDER_LIMITS[provider]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH flight AS (
              SELECT team_id, count(*) AS n FROM generations_generation
              WHERE provider = %(provider)s AND status IN ('submitting', 'running') GROUP BY team_id
            ), head AS (
              SELECT DISTINCT ON (g.team_id) g.id, g.team_id, g.created_at FROM generations_generation g
              JOIN accounts_team t ON t.id = g.team_id AND t.status = %(active)s
              WHERE g.provider = %(provider)s AND g.status = 'queued' AND g.next_action_at <= clock_timestamp()
              ORDER BY g.team_id, g.created_at, g.id
            )
            SELECT head.id FROM head LEFT JOIN flight f ON f.team_id = head.team_id
            WHERE coalesce(f.n, 0) < %(team)s AND (SELECT coalesce(sum(n), 0) FROM flight) < %(all)s
            ORDER BY coalesce(f.n, 0),
              (SELECT max(a.id) FROM generations_attempt a JOIN generations_generation g2 ON g2.id = a.generation_id
               WHERE g2.team_id = head.team_id AND g2.provider = %(provider)s
                 AND a.created_at > clock_timestamp() - interval '10 minutes') NULLS FIRST,
              head.created_at
            LIMIT 1
            """,
            {
                "provider": provider,
                "active": TeamStatus.ACTIVE.value,
                "team": limits["in_flight_team"],
                "all": limits["in_flight"],
            },
        )
        row = cursor.fetchone()
    return row[0] if row else None


def submit(claimed: Claim) -> None:
    """The one HTTP create of an attempt, then its outcome in a transaction of its own."""
    failpoint("after_claim")
    generation = Generation.objects.get(pk=claimed.generation_id)
    entry = catalog.get(generation.model)
    provider = providers.get(generation.provider)
    callback_url = f"{settings.SITE_URL}/callbacks/{generation.provider}/{claimed.token}"
    try:
        body = entry.body(inputs.for_provider(entry=entry, generation=generation))
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


def token_hash(token: str) -> bytes:
    """What is stored of a callback token (faults.md row 13)."""
    return hashlib.sha256(token.encode()).digest()
