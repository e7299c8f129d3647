"""When the books are checked: the clock rings, a worker of the store lane runs, at most one run of a kind at a time.

Two kinds. Of the recent days each 5 minutes; of all days each night and whenever staff ask. Both run every check: they
differ in how many days the checks of the sums by the day count again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Max, Q

from accounts import audit
from billing import reconcile
from billing.models import LedgerCheck
from generations import books
from project import db, queue

JOB, LANE = "generations.tasks.check_books", "store"  # a run may take long
EVERY = timedelta(minutes=5)
NIGHT = timedelta(hours=3)  # after midnight: the full run of the day
NIGHT_AGAIN = timedelta(hours=3)  # a full run that came to nothing is rung for again after this
RECENT = timedelta(days=2)  # full days before today that each run counts again
LOST_AFTER = timedelta(minutes=15)  # a run that left nothing behind by then never will


@dataclass(frozen=True)
class Kind:
    """A kind of run: the chores that say when one was asked for and when one began, and the lock of who runs."""

    full: bool
    asked: str
    begun: str
    lock: str


ALL_DAYS = Kind(full=True, asked="books_asked", begun="books_begun", lock="framehouse:books")
RECENT_DAYS = Kind(full=False, asked="recent_asked", begun="recent_begun", lock="framehouse:books:recent")


@dataclass(frozen=True)
class Watched:
    """One thing that must not stay away: what it is called, how often it comes, seconds that it may take, seconds since
    it came last (None: never)."""

    name: str
    often: str
    limit: float
    age: float | None


def ring() -> int:
    """Enqueues the runs that are due. Returns how many. Asked for and not begun is asked for once: a lane that stands
    still gathers no heap of them."""
    rung = 0
    with transaction.atomic(durable=True):
        if _recent_due():
            rung += ask(RECENT_DAYS, by=audit.SYSTEM)
        if _night_due():
            rung += ask(ALL_DAYS, by=audit.SYSTEM)
    return rung


def ask(kind: Kind, *, by: str) -> bool:
    """Enqueues a run unless one of the kind is asked for, or under way, and not done yet. The caller holds the
    transaction; the row's lock decides between two who ask at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO generations_chore AS c (name, begun_at)
               SELECT %(asked)s, clock_timestamp() WHERE NOT EXISTS (
                 SELECT 1 FROM generations_chore b WHERE b.name = %(begun)s
                   AND b.begun_at > clock_timestamp() - make_interval(secs => %(lost)s)
                   AND NOT EXISTS (SELECT 1 FROM billing_ledgercheck k WHERE k.ran_at >= b.begun_at
                     AND k."full" = %(full)s))
               ON CONFLICT (name) DO UPDATE SET begun_at = excluded.begun_at
               WHERE c.begun_at <= clock_timestamp() - make_interval(secs => %(lost)s)
                 OR EXISTS (SELECT 1 FROM billing_ledgercheck k WHERE k.ran_at >= c.begun_at
                   AND k."full" = %(full)s)""",
            {"asked": kind.asked, "begun": kind.begun, "full": kind.full, "lost": LOST_AFTER.total_seconds()},
        )
        if cursor.rowcount != 1:
            return False
    queue.enqueue(JOB, by, int(kind.full), lane=LANE)
    return True


def run(*, full: bool = True, by: str = audit.SYSTEM) -> list[str] | None:
    """Checks the books and raises the alarm for what does not hold. Returns what is broken; None when a run of the kind
    is under way in another process: that one serves. Outside of any transaction."""
    kind = ALL_DAYS if full else RECENT_DAYS
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [kind.lock])
        row = cursor.fetchone()
    if row is None or not row[0]:
        return None
    try:
        _mark(kind.begun)
        checks = books.CHECKS if full else books.checks(since=_first_recent_day())
        return reconcile.watch(reconcile.CHECKS + checks, by=by, full=full)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [kind.lock])


def watched(moment: datetime) -> list[Watched]:
    """How long ago a run ended, of any kind and of all days. One query."""
    last = LedgerCheck.objects.aggregate(any=Max("ran_at"), full=Max("ran_at", filter=Q(full=True)))

    def age(at: datetime | None) -> float | None:
        return None if at is None else (moment - at).total_seconds()

    return [
        Watched("check of the books", "every 5 minutes", 20 * 60, age(last["any"])),
        Watched("full check of the books", "every night", 26 * 3_600, age(last["full"])),
    ]


def marks_of(kind: Kind, marks: Mapping[str, datetime], last: LedgerCheck | None) -> tuple[datetime | None, ...]:
    """When a run of the kind was asked for, and when one began; None for what is done or lost. `marks` are the chores,
    `last` its last run."""
    moment = db.now()

    def still(name: str) -> datetime | None:
        at = marks.get(name)
        if at is None or moment - at > LOST_AFTER or (last is not None and last.ran_at >= at):
            return None
        return at

    return still(kind.asked), still(kind.begun)


def _first_recent_day() -> date:
    return (db.now().astimezone(UTC) - RECENT).date()


def _recent_due() -> bool:
    """One sweep in five minutes, of whichever process."""
    return _claim("books", "c.begun_at <= clock_timestamp() - make_interval(secs => %s)", EVERY.total_seconds())


def _night_due() -> bool:
    """The first sweep after the hour; and again some hours later when no full run came of it."""
    moment = db.now().astimezone(UTC)
    today = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    night = today + NIGHT if moment >= today + NIGHT else today + NIGHT - timedelta(days=1)
    return _claim(
        "books_night",
        """c.begun_at < %s OR (c.begun_at <= clock_timestamp() - make_interval(secs => %s) AND NOT EXISTS
             (SELECT 1 FROM billing_ledgercheck k WHERE k."full" AND k.ran_at >= c.begun_at))""",
        night,
        NIGHT_AGAIN.total_seconds(),
    )


def _claim(name: str, due: str, *values: datetime | float) -> bool:
    """Marks a chore as begun now if its row says that it is due, or if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""INSERT INTO generations_chore AS c (name, begun_at) VALUES (%s, clock_timestamp())
                ON CONFLICT (name) DO UPDATE SET begun_at = excluded.begun_at WHERE {due}""",  # noqa: S608 - our words
            [name, *values],
        )
        return bool(cursor.rowcount == 1)


def _mark(name: str) -> None:
    _claim(name, "true")
