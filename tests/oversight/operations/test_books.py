"""Runs of the checks are kept, asked for once at a time, and an alarm is cleared by a person with a reason."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, connections

from accounts.models import Action, AuditEvent
from billing import reconcile
from billing.models import LedgerAlarm, LedgerCheck
from generations import books, sweeps
from generations.models import Chore
from generations.oversight import books_log
from project import db, queue
from tests.oversight.conftest import Desk

BROKEN = (("two and two are five", "select 1"),)
ALL = ("see_operations", "check_books")


def check_page(desk: Desk, *acts: str) -> str:
    return desk("see_operations", *acts).get("/admin/operations/books").content.decode()


def test_each_run_is_kept_with_its_result(db: None) -> None:
    assert books_log.run() == []
    row = LedgerCheck.objects.get()
    assert (row.broken, row.checks, row.by) == ([], len(reconcile.CHECKS) + len(books.CHECKS), "system")
    assert reconcile.watch(BROKEN, by="staff:1") == ["two and two are five"]
    assert LedgerCheck.objects.latest("id").broken == ["two and two are five"]
    assert LedgerAlarm.objects.get().cleared_at is None


def test_a_run_that_is_asked_for_is_a_job_and_is_asked_for_once(desk: Desk) -> None:
    staff = desk(*ALL)
    for _ in range(2):
        assert staff.post("/admin/operations/books/check").status_code == 302
    jobs = [job for job in queue.pending() if job.func == "generations.tasks.check_books"]
    assert [job.lane for job in jobs] == ["store"]
    assert AuditEvent.objects.filter(action=Action.LEDGER_CHECKED).count() == 1
    assert "waits for a worker" in staff.get("/admin/operations/books").content.decode()
    queue.run_pending()
    assert LedgerCheck.objects.get().by.startswith("staff:")
    page = staff.get("/admin/operations/books").content.decode()
    assert "waits for a worker" not in page
    assert "Check now" in page
    assert staff.post("/admin/operations/books/check").status_code == 302
    assert AuditEvent.objects.filter(action=Action.LEDGER_CHECKED).count() == 2


def test_a_run_under_way_is_said_and_is_not_begun_twice(desk: Desk) -> None:
    Chore.objects.create(name=books_log.BEGUN, begun_at=db.now())
    staff = desk(*ALL)
    assert "A run is under way" in staff.get("/admin/operations/books").content.decode()
    staff.post("/admin/operations/books/check")
    assert not AuditEvent.objects.filter(action=Action.LEDGER_CHECKED).exists()
    Chore.objects.update(begun_at=db.now() - timedelta(hours=1))  # that run died
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
        assert books_log.run() is None
        assert not LedgerCheck.objects.exists()
    finally:
        done.set()
        thread.join()
    assert books_log.run() == []
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
    assert "have not been found sound" in refused.content.decode()
    assert "I looked" in refused.content.decode()
    books_log.run()
    assert staff.post("/admin/operations/books/clear", {"reason": "I looked"}).status_code == 302
    alarm = LedgerAlarm.objects.get()
    assert alarm.cleared_at is not None
    assert alarm.cleared_by.startswith("user:")
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
        LedgerCheck.objects.filter(pk=LedgerCheck.objects.latest("id").pk).update(ran_at=_ago(days))
    sweeps.sweep()
    assert LedgerCheck.objects.filter(ran_at__lte=_ago(14)).count() == 0
    assert LedgerCheck.objects.filter(ran_at__lte=_ago(12)).count() == 1


def _ago(days: int) -> object:
    from project import db

    return db.now() - timedelta(days=days)
