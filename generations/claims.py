"""Claim: which generation goes next, and that it goes once (design section 4.3, invariants.md G6).

The claim is committed, with its attempt and a fresh callback token, before any HTTP.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection

from accounts.models import TeamStatus
from generations import limiter, outcomes, providers
from generations.models import Attempt, Listing, Reason, Status
from generations.oversight import pauses
from generations.states import locked, move
from project import db

LEASE = timedelta(seconds=90)  # longer than a create's deadline and the job's timeout together with their slack


@dataclass(frozen=True)
class Claim:
    """A generation that is ours to submit, once; `token` goes into the callback URL and is stored nowhere else."""

    generation_id: UUID
    attempt_id: int
    number: int
    token: str


def claim(*, provider: str) -> Claim | None:
    """Takes the next generation of a provider, fairly between teams, within every limit; None when none may go."""
    return db.in_transaction(lambda: _claim(provider))


def _claim(provider: str) -> Claim | None:
    limiter.lock(provider, limiter.CREATE)
    moment = db.now()
    if limiter.circuit_open(provider, moment):
        return None
    held_back = pauses.held_back(provider)  # under the lock that whoever pauses takes
    if held_back.everything:
        return None
    generation_id = _next(provider, held_back.models)
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


def _next(provider: str, paused: Sequence[str]) -> UUID | None:
    """The oldest due generation of the team with the fewest under way, then of the team served longest ago; none of
    the models that are paused."""
    limits = settings.PROVIDER_LIMITS[provider]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH flight AS (
              SELECT team_id, count(*) AS n FROM generations_generation
              WHERE provider = %(provider)s AND status IN ('submitting', 'running') GROUP BY team_id
            ), head AS (
              SELECT DISTINCT ON (g.team_id) g.id, g.team_id, g.created_at FROM generations_generation g
              JOIN accounts_team t ON t.id = g.team_id AND t.status = ANY(%(working)s)
              WHERE g.provider = %(provider)s AND g.status = 'queued' AND g.next_action_at <= clock_timestamp()
                AND g.model <> ALL(%(paused)s)
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
                "working": [TeamStatus.ACTIVE.value, TeamStatus.CLOSING.value],  # what is open ends before a team does
                "paused": list(paused),
                "team": limits["in_flight_team"],
                "all": limits["in_flight"],
            },
        )
        row = cursor.fetchone()
    return row[0] if row else None


def token_hash(token: str) -> bytes:
    """What is stored of a callback token (faults.md row 13)."""
    return hashlib.sha256(token.encode()).digest()
