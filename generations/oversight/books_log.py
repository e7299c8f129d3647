"""The checks of the books as staff see them: run one after the other, kept, asked for, and their alarm cleared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from accounts import audit
from accounts.models import Action
from billing import reconcile
from billing.models import LedgerAlarm, LedgerCheck
from generations import books
from generations.models import Chore
from project import db, queue
from project.errors import Conflict, FieldError, Invalid
from project.paging import Page, Window, page_of_rows, read_key

ASKED, BEGUN = "books_asked", "books_begun"  # chores: when somebody asked, when a run began
LOST_AFTER = timedelta(minutes=15)  # a run that left nothing behind by then never will
LONGEST = 200
_LOCK = "framehouse:books"


@dataclass(frozen=True)
class State:
    """`asked_at`: somebody waits for a run that has not begun; `begun_at`: one is under way. `usual_ms`: how long the
    last one took."""

    last: LedgerCheck | None
    alarm: LedgerAlarm | None
    asked_at: datetime | None
    begun_at: datetime | None
    usual_ms: int | None
    checks: int

    @property
    def busy(self) -> bool:
        return self.asked_at is not None or self.begun_at is not None

    @property
    def sound_since_alarm(self) -> bool:
        """Whether the last run found nothing and began no earlier than the alarm."""
        return bool(
            self.last and not self.last.broken and (self.alarm is None or self.last.ran_at > self.alarm.raised_at)
        )


def run(*, by: str = audit.SYSTEM) -> list[str] | None:
    """Checks the books and raises the alarm for what does not hold. Returns what is broken; None when a run is under
    way in another process: that one serves. Outside of any transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [_LOCK])
        row = cursor.fetchone()
    if row is None or not row[0]:
        return None
    try:
        _mark(BEGUN)
        return reconcile.watch(reconcile.CHECKS + books.CHECKS, by=by)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [_LOCK])


def state() -> State:
    """How the books stand, and whether somebody looks at them right now."""
    moment, last = db.now(), LedgerCheck.objects.order_by("-ran_at").first()
    marks = dict(Chore.objects.filter(name__in=[ASKED, BEGUN]).values_list("name", "begun_at"))

    def open_mark(name: str) -> datetime | None:
        at = marks.get(name)
        if at is None or moment - at > LOST_AFTER or (last is not None and last.ran_at >= at):
            return None
        return at

    begun, asked = open_mark(BEGUN), open_mark(ASKED)
    return State(
        last=last,
        alarm=LedgerAlarm.objects.filter(cleared_at=None).first(),
        asked_at=None if begun else asked,
        begun_at=begun,
        usual_ms=last.took_ms if last else None,
        checks=len(reconcile.CHECKS) + len(books.CHECKS),
    )


def check_now(*, by: audit.Staff) -> bool:
    """Asks for a run. False when one is asked for or under way already: its result is the answer."""

    def work() -> bool:
        if not _claim_asking():
            return False
        queue.enqueue("generations.tasks.check_books", f"{audit.STAFF}:{by.user.pk}", lane="store")  # it may take long
        audit.record(Action.LEDGER_CHECKED, by=by, team=None)
        return True

    return db.in_transaction(work)


def clear_alarm(*, reason: str, even_if_broken: bool, by: audit.Staff) -> int:
    """Clears the alarm, so that new generations are accepted again. Returns how many were open: 0 when somebody was
    faster.

    Raises Invalid without a reason, Conflict while the last run of the checks does not show sound books, unless
    `even_if_broken`: then the next run raises it again."""
    reason = reason.strip()
    if not 1 <= len(reason) <= LONGEST:
        raise Invalid(
            "A reason is needed.", errors=[FieldError("reason", "Say in 1 to 200 characters why.", "required")]
        )

    def work() -> int:
        alarm = LedgerAlarm.objects.select_for_update(no_key=True).filter(cleared_at=None).first()
        if alarm is None:
            return 0
        now = state()
        if not now.sound_since_alarm and not even_if_broken:
            raise Conflict(
                "The books have not been found sound since the alarm. Have them checked, or tick the box.",
                code="still_broken",
            )
        count = reconcile.clear(by=audit.name_of(by.user))
        audit.record(
            Action.ALARM_CLEARED,
            by=by,
            team=None,
            target="alarm",
            data={"reason": reason, "broken": list(alarm.broken), "sound": now.sound_since_alarm},
        )
        return count

    return db.in_transaction(work)


def history(window: Window) -> Page[LedgerCheck]:
    """The runs of the last days, the newest first."""
    return page_of_rows(
        LedgerCheck.objects.all(),
        window,
        fields=("id",),
        values=read_key(window, int),
        newest_first=True,
        key_of=lambda row: (str(row.pk),),
    )


def alarms(*, most: int = 20) -> Sequence[LedgerAlarm]:
    """The last alarms, the newest first."""
    return list(LedgerAlarm.objects.order_by("-raised_at")[:most])


def _mark(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO generations_chore (name, begun_at) VALUES (%s, clock_timestamp())
               ON CONFLICT (name) DO UPDATE SET begun_at = excluded.begun_at""",
            [name],
        )


def _claim_asking() -> bool:
    """Marks that somebody asked, unless one who asked before, or a run, is not done yet. The row's lock decides between
    two who press at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO generations_chore AS c (name, begun_at)
               SELECT %(asked)s, clock_timestamp() WHERE NOT EXISTS (
                 SELECT 1 FROM generations_chore b WHERE b.name = %(begun)s
                   AND b.begun_at > clock_timestamp() - make_interval(secs => %(lost)s)
                   AND NOT EXISTS (SELECT 1 FROM billing_ledgercheck k WHERE k.ran_at >= b.begun_at))
               ON CONFLICT (name) DO UPDATE SET begun_at = excluded.begun_at
               WHERE c.begun_at <= clock_timestamp() - make_interval(secs => %(lost)s)
                 OR EXISTS (SELECT 1 FROM billing_ledgercheck k WHERE k.ran_at >= c.begun_at)""",
            {"asked": ASKED, "begun": BEGUN, "lost": LOST_AFTER.total_seconds()},
        )
        return bool(cursor.rowcount == 1)
