"""The checks of the books as staff see them: how they stand, asked for, kept, and their alarm cleared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts import audit
from accounts.duties import reason_of
from accounts.models import Action
from billing import reconcile
from billing.models import LedgerAlarm, LedgerCheck
from generations import books
from generations.models import Chore
from generations.oversight import books_runs
from generations.oversight.books_runs import ALL_DAYS
from project import db
from project.errors import Conflict
from project.paging import Page, Window, page_of_rows, read_key


@dataclass(frozen=True)
class State:
    """`last` run of any kind, `last_full` of all days. `asked_at`: somebody waits for a full run that has not begun;
    `begun_at`: one is under way."""

    last: LedgerCheck | None
    last_full: LedgerCheck | None
    alarm: LedgerAlarm | None
    asked_at: datetime | None
    begun_at: datetime | None
    checks: int

    @property
    def sound_since_alarm(self) -> bool:
        """Whether the last run found nothing, and the last full one neither, and that one came after the alarm: a run
        of the recent days does not see what an older one had wrong."""
        runs = (self.last, self.last_full)
        if any(run is None or run.broken for run in runs) or self.last_full is None:
            return False
        return self.alarm is None or self.last_full.ran_at > self.alarm.raised_at


def state() -> State:
    """How the books stand, and whether somebody counts all of them again right now."""
    runs = LedgerCheck.objects.order_by("-ran_at")
    last, last_full = runs.first(), runs.filter(full=True).first()
    marks = dict(Chore.objects.filter(name__in=[ALL_DAYS.asked, ALL_DAYS.begun]).values_list("name", "begun_at"))
    asked, begun = books_runs.marks_of(ALL_DAYS, marks, last_full)
    return State(
        last=last,
        last_full=last_full,
        alarm=LedgerAlarm.objects.filter(cleared_at=None).first(),
        asked_at=None if begun else asked,
        begun_at=begun,
        checks=len(reconcile.CHECKS) + len(books.CHECKS),
    )


def check_now(*, by: audit.Staff) -> bool:
    """Asks for a full run. False when one is asked for or under way already: its result is the answer."""

    def work() -> bool:
        if not books_runs.ask(ALL_DAYS, by=audit.actor_of(by)):
            return False
        audit.record(Action.LEDGER_CHECKED, by=by, team=None)
        return True

    return db.in_transaction(work)


def clear_alarm(*, reason: str, even_if_broken: bool, by: audit.Staff) -> int:
    """Clears the alarm, so that new generations are accepted again. Returns how many were open: 0 when somebody was
    faster.

    Raises Invalid without a reason, Conflict while no full run since the alarm shows sound books, unless
    `even_if_broken`: then the next run raises it again."""
    reason = reason_of(reason)

    def work() -> int:
        alarm = LedgerAlarm.objects.select_for_update(no_key=True).filter(cleared_at=None).first()
        if alarm is None:
            return 0
        sound = state().sound_since_alarm
        if not sound and not even_if_broken:
            raise Conflict(
                "No full run since the alarm found the books sound. Have them checked, or tick the box.",
                code="still_broken",
            )
        count = reconcile.clear(by=audit.actor_of(by))
        data = {"reason": reason, "broken": list(alarm.broken), "sound": sound}
        audit.record(Action.ALARM_CLEARED, by=by, team=None, target="alarm", data=data)
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
