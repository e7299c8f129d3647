"""Callbacks that were turned away, kept for staff: who tries addresses, who alters what a provider sends.

Anybody may send such a request, so what one costs and leaves is bounded: the beginning of its body, a row for bodies
that differ, so many new rows an hour, one statement that waits neither for the disk nor for a lock. Whatever goes wrong
here, the caller gets the refusal that it would have got.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta

from django.db import Error, connection, transaction

from generations import providers
from generations.models import Attempt, Refusal, RefusedCallback
from project import db, origin

log = logging.getLogger(__name__)

HEAD_BYTES = 2048
ROWS_AN_HOUR = 500  # beyond it only counted, on one row for each provider and reason
KEEP = timedelta(days=30)
PRUNED_AT_ONCE = 2_000

NO_ADDRESS = "no such address"
SIGNATURE = "the signature is missing, wrong or old"
NO_TASK = "names no task"
OTHER_TASK = "names another task"


def keep(*, provider: str, why: str, attempt: Attempt | None, raw: bytes) -> None:
    """Keeps or counts one. Forged is what came to no address of ours, altered what came to one."""
    verdict = Refusal.FORGED if attempt is None else Refusal.ALTERED
    given = {
        "provider": provider if provider in providers.PROVIDERS else "other",
        "verdict": verdict.value,
        "why": why,
        "attempt": None if attempt is None else attempt.pk,
        "hash": hashlib.sha256(raw).digest(),
        "head": raw[:HEAD_BYTES],
        "ip": origin.current().ip,
        "most": ROWS_AN_HOUR,
    }
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit TO off; SET LOCAL lock_timeout TO '50ms'")
            cursor.execute(
                """
                WITH room AS (
                  SELECT (SELECT count(*) FROM generations_refusedcallback
                          WHERE last_at > clock_timestamp() - interval '1 hour'
                            AND first_at > clock_timestamp() - interval '1 hour') < %(most)s
                    OR EXISTS (SELECT 1 FROM generations_refusedcallback
                               WHERE provider = %(provider)s AND why = %(why)s AND body_hash = %(hash)s
                                 AND attempt_id IS NOT DISTINCT FROM %(attempt)s::bigint) AS free
                )
                INSERT INTO generations_refusedcallback AS r
                  (provider, verdict, why, attempt_id, body_hash, head, ip, deliveries, first_at, last_at)
                SELECT %(provider)s, %(verdict)s, %(why)s, CASE WHEN free THEN %(attempt)s::bigint END,
                  CASE WHEN free THEN %(hash)s ELSE ''::bytea END, CASE WHEN free THEN %(head)s ELSE ''::bytea END,
                  %(ip)s::inet, 1, clock_timestamp(), clock_timestamp() FROM room
                ON CONFLICT ON CONSTRAINT refused_callback_once
                DO UPDATE SET deliveries = r.deliveries + 1, last_at = excluded.last_at, ip = excluded.ip
                """,
                given,
            )
    except Error:
        log.warning("a refused callback could not be kept", exc_info=True)


def prune() -> int:
    """Deletes what was last seen long ago, so many at once. Returns how many."""
    old = RefusedCallback.objects.filter(last_at__lte=db.now() - KEEP).order_by("last_at").values("pk")
    return RefusedCallback.objects.filter(pk__in=old[:PRUNED_AT_ONCE]).delete()[0]
