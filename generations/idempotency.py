"""Idempotency keys: the first answer of a (team, key), kept 72 h (invariants.md I1-I5, design section 6)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, connection

from accounts.models import Team
from generations.models import IdempotencyRecord
from project.db import was_lock_timeout
from project.errors import Conflict, Invalid

KEPT_HOURS = 72
LONGEST_KEY = 255


@dataclass(frozen=True)
class Answer:
    """A first answer: HTTP status, JSON body, headers of interest; `replayed` when it was given before."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    replayed: bool = False


def fingerprint(*, method: str, path: str, body: object) -> str:
    """sha256 of method, path and the canonical JSON of the body."""
    text = json.dumps([method, path, body], sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def check_key(key: str) -> str:
    """The key, when it is 1 to 255 printable ASCII characters; Invalid otherwise."""
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Invalid("Idempotency-Key must be 1 to 255 printable ASCII characters.", code="bad_idempotency_key")
    return key


def begin(*, team: Team, key: str, print_of_request: str) -> IdempotencyRecord | Answer:
    """Takes the key in the caller's transaction, or gives the stored answer of its first use.

    A second request with the same key waits here for the first one's commit, up to the lock timeout: then Conflict
    (409, Retry-After). Raises Invalid (422) for the same key with another request."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO generations_idempotencyrecord (team_id, key, fingerprint, headers, created_at)
                   VALUES (%s, %s, %s, '{}', clock_timestamp()) ON CONFLICT (team_id, key) DO NOTHING""",
                [team.pk, key, print_of_request],
            )
            mine = cursor.rowcount == 1
    except DatabaseError as error:
        if was_lock_timeout(error):
            raise _in_progress() from error
        raise
    if mine:
        return IdempotencyRecord.objects.get(team=team, key=key)
    stored = first_answer(team=team, key=key, print_of_request=print_of_request)
    if stored is None:
        raise _in_progress()
    return stored


def first_answer(*, team: Team, key: str, print_of_request: str) -> Answer | None:
    """The stored answer of a key that was used before. Raises Invalid (422) when that was for another request."""
    record = IdempotencyRecord.objects.filter(team=team, key=key).first()
    if record is None:
        return None
    if record.fingerprint != print_of_request:
        raise Invalid(
            "This Idempotency-Key was used for another request. Use a new key for a new request.",
            code="idempotency_key_reused",
        )
    if record.status is None or record.body is None:
        return None
    return Answer(record.status, record.body, record.headers, replayed=True)


def finish(record: IdempotencyRecord, answer: Answer) -> Answer:
    """Stores the first answer, in the transaction of what it tells. It never changes again (trigger).

    Returns the answer as the database keeps it, so that the first one is to the byte what every replay is."""
    record.status, record.body, record.headers = answer.status, answer.body, answer.headers
    record.save(update_fields=["status", "body", "headers"])
    record.refresh_from_db(fields=["body", "headers"])
    assert record.body is not None
    return Answer(answer.status, record.body, record.headers)


def prune() -> int:
    """Deletes records older than 72 h. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM generations_idempotencyrecord
               WHERE created_at < clock_timestamp() - make_interval(hours => %s)""",
            [KEPT_HOURS],
        )
        return int(cursor.rowcount)


def _in_progress() -> Conflict:
    return Conflict(
        "The first request with this Idempotency-Key is still under way.",
        code="idempotency_in_progress",
        headers={"Retry-After": "2"},
        extra={"retryable": True},
    )
