"""One limiter and one circuit per provider, in the database, shared by all workers (design section 4.3).

A sliding window over rows: exact, whatever the number of workers. KIE rejects more than 20 creates in 10 s for the
whole account; it is kept at 18.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F

from generations.models import ProviderSlot, ProviderState
from project import db

CREATE, READ = "create", "read"
READ_WINDOW_MS = 1_000
_LOCKS = {CREATE: 1, READ: 2}
OPEN_FIRST = timedelta(seconds=15)
OPEN_LONGEST = timedelta(minutes=5)


def lock(provider: str, lane: str) -> None:
    """Serializes whoever takes slots of this provider, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s), %s)", [f"framehouse:{provider}", _LOCKS[lane]])


def take_create(provider: str) -> bool:
    """Takes a create slot, or says that the window is full. The caller holds lock(provider, CREATE)."""
    limits = settings.PROVIDER_LIMITS[provider]
    return _take(provider, CREATE, most=limits["creates"], window_ms=limits["window_ms"])


def take_read(provider: str) -> bool:
    """Takes a slot for reading a record (KIE: 10 a second for the key, kept at 8)."""

    def work() -> bool:
        lock(provider, READ)
        return _take(provider, READ, most=settings.PROVIDER_LIMITS[provider]["reads"], window_ms=READ_WINDOW_MS)

    return db.in_transaction(work)


def _take(provider: str, lane: str, *, most: int, window_ms: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """DELETE FROM generations_providerslot WHERE provider = %s AND lane = %s
               AND taken_at <= clock_timestamp() - make_interval(secs => %s / 1000.0)""",
            [provider, lane, window_ms],
        )
        cursor.execute(
            """INSERT INTO generations_providerslot (provider, lane, taken_at)
               SELECT %s, %s, clock_timestamp() WHERE
                 (SELECT count(*) FROM generations_providerslot WHERE provider = %s AND lane = %s) < %s""",
            [provider, lane, provider, lane, most],
        )
        return bool(cursor.rowcount == 1)


def give_back(provider: str) -> None:
    """Returns the newest create slot: the claim that took it found nothing to send."""
    newest = ProviderSlot.objects.filter(provider=provider, lane=CREATE).order_by("-id").values("pk")[:1]
    ProviderSlot.objects.filter(pk__in=newest).delete()


def circuit_open(provider: str, moment: datetime) -> bool:
    """Whether creates of this provider are paused right now."""
    return ProviderState.objects.filter(provider=provider, open_until__gt=moment).exists()


def trip(provider: str, *, why: str, pause: timedelta | None = None) -> datetime:
    """Opens the circuit for `pause`, or for longer each time it trips again without a success between."""
    state, _ = ProviderState.objects.get_or_create(provider=provider)
    step = min(state.failures, 10)
    until = db.now() + (pause or min(OPEN_FIRST * (2**step), OPEN_LONGEST))
    counted = state.failures if pause else F("failures") + 1
    ProviderState.objects.filter(pk=provider).update(open_until=until, why=why[:40], failures=counted)
    return until


def mend(provider: str) -> None:
    """Closes the circuit: the provider accepted a create."""
    ProviderState.objects.filter(provider=provider).exclude(failures=0, open_until=None).update(
        open_until=None, failures=0, why=""
    )
