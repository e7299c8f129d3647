"""Callbacks that were turned away, kept for staff: who tries addresses, who alters what a provider sends.

Anybody may send such a request, so what one costs and leaves is bounded: the beginning of its body, a row for bodies
that differ, so many new rows an hour, one statement that waits neither for the disk nor for a lock. Whatever goes wrong
here, the caller gets the refusal that it would have got.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta

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
                  (provider, verdict, why, attempt_id, body_hash, head, ip, deliveries, first_at, last_at,
                   hour_at, in_hour, hour_before)
                SELECT %(provider)s, %(verdict)s, %(why)s, CASE WHEN free THEN %(attempt)s::bigint END,
                  CASE WHEN free THEN %(hash)s ELSE ''::bytea END, CASE WHEN free THEN %(head)s ELSE ''::bytea END,
                  %(ip)s::inet, 1, m.at, m.at, m.at, 1, 0 FROM room, (SELECT clock_timestamp() AS at) m
                ON CONFLICT ON CONSTRAINT refused_callback_once
                DO UPDATE SET deliveries = r.deliveries + 1, last_at = excluded.last_at, ip = excluded.ip,
                  hour_at = CASE WHEN r.hour_at > excluded.last_at - interval '1 hour' THEN r.hour_at
                    ELSE excluded.last_at END,
                  in_hour = CASE WHEN r.hour_at > excluded.last_at - interval '1 hour' THEN r.in_hour + 1 ELSE 1 END,
                  hour_before = CASE WHEN r.hour_at > excluded.last_at - interval '1 hour' THEN r.hour_before
                    WHEN r.hour_at > excluded.last_at - interval '2 hours' THEN r.in_hour ELSE 0 END
                """,
                given,
            )
    except Error:
        log.warning("a refused callback could not be kept", exc_info=True)


def last_hour(moment: datetime) -> list[tuple[str, int, int]]:
    """(provider, forged, altered) deliveries of the hour before the moment, by provider; whoever had none is missing.

    Exact in the first hour of a body; after that what its hour before had counts by the part of it that is not over an
    hour ago. One query by the index on the last delivery."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH lately AS (
              SELECT provider, verdict, greatest(1, CASE
                  WHEN age < 3600 THEN in_hour + hour_before * (3600 - age) / 3600
                  ELSE in_hour * (7200 - age) / 3600 END) AS n
              FROM (SELECT *, extract(epoch FROM %(moment)s - hour_at)::bigint AS age
                FROM generations_refusedcallback WHERE last_at >= %(moment)s - interval '1 hour') r
            )
            SELECT provider, coalesce(sum(n) FILTER (WHERE verdict = 'forged'), 0)::bigint,
              coalesce(sum(n) FILTER (WHERE verdict = 'altered'), 0)::bigint
            FROM lately GROUP BY provider ORDER BY provider
            """,
            {"moment": moment},
        )
        return [(provider, forged, altered) for provider, forged, altered in cursor.fetchall()]


def prune() -> int:
    """Deletes what was last seen long ago, so many at once. Returns how many."""
    old = RefusedCallback.objects.filter(last_at__lte=db.now() - KEEP).order_by("last_at").values("pk")
    return RefusedCallback.objects.filter(pk__in=old[:PRUNED_AT_ONCE]).delete()[0]
