"""Runs of the checks are kept, asked for once at a time, and an alarm is cleared by a person with a reason."""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from accounts.models import Action, AuditEvent
from billing import reconcile
from billing.models import LedgerAlarm, LedgerCheck
from generations import books, sweeps
from generations.models import Chore, Generation
from generations.oversight import books_runs
from project import queue
from project.db import now as db_now
from tests.oversight.alerts.conftest import after, open_ones, watch
from tests.oversight.conftest import Desk
from tests.pages.conftest import delivered

BROKEN = (("two and two are five", "select 1"),)
ALL = ("see_operations", "export_costs", "check_books")
Make = Callable[..., Generation]


def jobs() -> list[tuple[int | str, ...]]:
    """The arguments of the runs that wait, all of them in the lane of long jobs."""
    found = [job for job in queue.pending() if job.func == books_runs.JOB]
    assert {job.lane for job in found} <= {"store"}
    return [tuple(job.args) for job in found]


def passed(name: str, **span: float) -> None:
    """A chore was begun so long ago."""
    Chore.objects.filter(name=name).update(begun_at=db_now() - timedelta(**span))


def test_each_run_is_kept_with_its_result(db: None) -> None:
    assert books_runs.run() == []
    row = LedgerCheck.objects.get()
    assert (row.broken, row.checks, row.by) == ([], len(reconcile.CHECKS) + len(books.CHECKS), "system")
    assert reconcile.watch(BROKEN, by="staff:1") == ["two and two are five"]
    assert LedgerCheck.objects.latest("id").broken == ["two and two are five"]
    assert LedgerAlarm.objects.get().cleared_at is None


def test_a_run_that_is_asked_for_is_a_job_and_is_asked_for_once(desk: Desk) -> None:
    staff = desk(*ALL)
    for _ in range(2):
        assert staff.post("/admin/operations/books/check").status_code == 302
    assert len(jobs()) == 1
    assert AuditEvent.objects.filter(action=Action.LEDGER_CHECKED).count() == 1
    assert "waits for a worker" in staff.get("/admin/operations/books").content.decode()
    queue.run_pending()
    run = LedgerCheck.objects.get()
    assert run.by.startswith("staff:")
    assert run.full
    page = staff.get("/admin/operations/books").content.decode()
    assert "waits for a worker" not in page
    assert "Check now" in page
    assert staff.post("/admin/operations/books/check").status_code == 302
    assert AuditEvent.objects.filter(action=Action.LEDGER_CHECKED).count() == 2


def test_a_run_under_way_is_said_and_is_not_begun_twice(desk: Desk) -> None:
    Chore.objects.create(name=books_runs.ALL_DAYS.begun, begun_at=db_now())
    staff = desk(*ALL)
    assert "A full run is under way" in staff.get("/admin/operations/books").content.decode()
    staff.post("/admin/operations/books/check")
    assert not AuditEvent.objects.filter(action=Action.LEDGER_CHECKED).exists()
    Chore.objects.update(begun_at=db_now() - timedelta(hours=1))  # that run died
    staff.post("/admin/operations/books/check")
    assert AuditEvent.objects.filter(action=Action.LEDGER_CHECKED).count() == 1


def test_two_runs_at_once_are_one(db: None) -> None:
    """The lock is the session's, so another connection holds it."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext('framehouse:books'))")
            held.set()
            done.wait(20)
            # a closed connection's server process lets go a little later
            cursor.execute("SELECT pg_advisory_unlock(hashtext('framehouse:books'))")
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(20)
        assert books_runs.run() is None
        assert not LedgerCheck.objects.exists()
    finally:
        done.set()
        thread.join()
    assert books_runs.run() == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        assert cursor.fetchone() == (0,)


def test_an_alarm_is_cleared_with_a_reason_once_the_books_are_sound(desk: Desk) -> None:
    reconcile.watch(BROKEN)
    staff = desk(*ALL)
    page = staff.get("/admin/operations/books").content.decode()
    assert "two and two are five" in page
    assert staff.post("/admin/operations/books/clear", {"reason": ""}).status_code == 422
    refused = staff.post("/admin/operations/books/clear", {"reason": "I looked"})
    assert refused.status_code == 409
    assert "No full run since the alarm" in refused.content.decode()
    assert "I looked" in refused.content.decode()
    books_runs.run()
    assert staff.post("/admin/operations/books/clear", {"reason": "I looked"}).status_code == 302
    alarm = LedgerAlarm.objects.get()
    assert alarm.cleared_at is not None
    assert alarm.cleared_by.startswith("staff:")
    event = AuditEvent.objects.get(action=Action.ALARM_CLEARED)
    assert event.data == {"reason": "I looked", "broken": ["two and two are five"], "sound": True}
    assert staff.post("/admin/operations/books/clear", {"reason": "again"}).status_code == 302
    assert AuditEvent.objects.filter(action=Action.ALARM_CLEARED).count() == 1


def test_an_alarm_of_broken_books_is_cleared_with_a_tick_alone(desk: Desk) -> None:
    reconcile.watch(BROKEN)
    answer = desk(*ALL).post("/admin/operations/books/clear", {"reason": "known", "even_if_broken": "on"})
    assert answer.status_code == 302
    assert AuditEvent.objects.get(action=Action.ALARM_CLEARED).data["sound"] is False
    reconcile.watch(BROKEN)
    assert LedgerAlarm.objects.filter(cleared_at=None).count() == 1


@pytest.mark.parametrize("act", ["check", "clear"])
def test_without_the_duty_nothing_is_checked_or_cleared(act: str, desk: Desk) -> None:
    reconcile.watch(BROKEN)
    staff = desk("see_operations", "resolve_unknown", "replay_callbacks", "pause_providers")
    before = len(queue.pending())
    answer = staff.post(f"/admin/operations/books/{act}", {"reason": "x", "even_if_broken": "on"})
    assert answer.status_code == 403
    assert LedgerAlarm.objects.filter(cleared_at=None).exists()
    assert len(queue.pending()) == before
    assert not AuditEvent.objects.filter(action__startswith="ledger.").exists()
    assert "Check now" not in staff.get("/admin/operations/books").content.decode()


def test_runs_are_pruned_after_two_weeks(db: None) -> None:
    for days in (1, 13, 15):
        reconcile.watch(())
        LedgerCheck.objects.filter(pk=LedgerCheck.objects.latest("id").pk).update(ran_at=_ago(days=days))
    sweeps.sweep()
    assert LedgerCheck.objects.filter(ran_at__lte=_ago(days=14)).count() == 0
    assert LedgerCheck.objects.filter(ran_at__lte=_ago(days=12)).count() == 1


def test_the_sweep_checks_nothing_itself_but_rings_for_it(db: None) -> None:
    """The clock has one thread: what it does long, nothing else is done meanwhile."""
    with CaptureQueriesContext(connection) as queries:
        assert sweeps.sweep()["books"] == 2
    assert not [query for query in queries if "billing_transfer" in query["sql"]]
    assert not LedgerCheck.objects.exists()
    assert sorted(jobs()) == [("system", 0), ("system", 1)], "the recent days, and this night's full run"
    assert sweeps.sweep()["books"] == 0, "once in five minutes"
    passed("books", minutes=6)
    assert sweeps.sweep()["books"] == 0, "what nobody has done yet is not asked for again"
    queue.run_pending()
    assert sorted(LedgerCheck.objects.values_list("full", flat=True)) == [False, True]
    passed("books", minutes=6)
    assert sweeps.sweep()["books"] == 1
    assert jobs() == [("system", 0)]


def test_a_full_run_comes_each_night_and_again_when_nothing_came_of_it(db: None) -> None:
    def rung() -> int:
        Chore.objects.exclude(name="books_night").delete()
        books_runs.ring()
        return sum(full == 1 for _, full in jobs())

    assert rung() == 1
    passed("books_night", hours=2)
    moment = db_now()
    if moment.hour >= 5 or moment.hour < 3:  # else the night itself lies between
        assert rung() == 1
    passed("books_night", hours=4)
    assert rung() == 2, "no full run ended since"
    books_runs.run()
    LedgerCheck.objects.update(ran_at=db_now())
    assert rung() == 2
    passed("books_night", hours=25)
    assert rung() == 3


def test_a_run_of_recent_days_sees_them_alone(make: Make) -> None:
    delivered(make())
    assert books_runs.run(full=False) == []
    assert not LedgerCheck.objects.get().full
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE generations_costday SET cost = cost + 1")
        cursor.execute("SET session_replication_role = origin")
    broken = books_runs.run(full=False)
    assert broken is not None
    assert "the sums of costs by the day are what the generations say" in broken
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE generations_costday SET cost = cost - 1")
        for table in ("costday", "modelday", "teamday"):
            cursor.execute(f"UPDATE generations_{table} SET day = day - 40, revenue = revenue + 1")  # noqa: S608
        cursor.execute("UPDATE generations_generation SET finished_at = finished_at - interval '40 days'")
        cursor.execute("UPDATE generations_teammonth SET day = (day - interval '2 months')::date")
        cursor.execute("SET session_replication_role = origin")
    assert books_runs.run(full=False) == [], "what is wrong with days long ago is for the night"
    everything = books_runs.run()
    assert everything is not None
    assert "the sums of costs by the day are what the generations say" in everything


def test_an_alarm_is_not_cleared_by_a_run_of_recent_days(desk: Desk) -> None:
    reconcile.watch(BROKEN)
    staff = desk(*ALL)
    assert books_runs.run(full=False) == []
    refused = staff.post("/admin/operations/books/clear", {"reason": "I looked"})
    assert refused.status_code == 409
    assert "No full run since has found the books sound" in refused.content.decode()
    assert books_runs.run() == []
    assert "The last full run" in staff.get("/admin/operations/books").content.decode()
    reconcile.watch(BROKEN, full=False)
    assert staff.post("/admin/operations/books/clear", {"reason": "I looked"}).status_code == 409
    assert books_runs.run(full=False) == []
    assert staff.post("/admin/operations/books/clear", {"reason": "I looked"}).status_code == 302


def test_a_full_run_is_asked_for_while_one_of_recent_days_is_under_way(desk: Desk) -> None:
    Chore.objects.create(name=books_runs.RECENT_DAYS.begun, begun_at=db_now())
    staff = desk(*ALL)
    staff.post("/admin/operations/books/check")
    assert [full for _, full in jobs()] == [1]
    page = staff.get("/admin/operations/books").content.decode()
    assert "A full run was asked for" in page
    assert "under way" not in page


def test_the_page_and_the_file_say_which_days_a_run_counted(desk: Desk) -> None:
    books_runs.run()
    books_runs.run(full=False)
    staff = desk(*ALL, "export_costs")
    page = staff.get("/admin/operations/books").content.decode()
    assert "all days" in page
    assert "recent days" in page
    file = b"".join(staff.get("/admin/operations/books.csv"))  # type: ignore[arg-type]
    assert [row[2] for row in csv.reader(file.decode().splitlines()) if row] == ["days", "recent", "all"]


def test_checks_that_do_not_come_are_an_alert(db: None) -> None:
    for lane in queue.lanes():
        queue.touch(lane.name, always=True)
    books_runs.run()
    watch()
    after(hours=30)
    watch()
    assert open_ones() == []
    LedgerCheck.objects.update(ran_at=_ago(minutes=21))
    watch()
    assert open_ones() == [("heartbeat", "check of the books")]
    LedgerCheck.objects.update(ran_at=_ago(hours=27))
    books_runs.run(full=False)
    watch()
    after(minutes=4)
    watch()
    assert open_ones() == [("heartbeat", "full check of the books")]


def _ago(**span: float) -> datetime:
    return db_now() - timedelta(**span)
