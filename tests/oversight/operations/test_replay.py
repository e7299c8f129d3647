"""A replay has a callback looked at again, any number of times: never a second charge or release."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import Action, AuditEvent
from generations.models import Callback, Generation, LateResult, Status
from project import db, queue
from tests.flows.asking import ask, books_hold, wallet
from tests.jobs import Jobs
from tests.oversight.conftest import Desk
from tests.oversight.operations.conftest import callback_of
from tests.pages.conftest import started
from tests.sandbox_client import SandboxProcess
from tests.world import FIRST_CREDIT, World


def replay_thrice(staff: object, row: Callback, jobs: Jobs) -> None:
    for _ in range(3):
        answer = staff.post(f"/admin/operations/callbacks/in-{row.pk}/replay")  # type: ignore[attr-defined]
        assert answer.status_code == 302
        jobs.drain()


def test_a_replay_of_a_success_charges_nothing_again(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs, desk: Desk
) -> None:
    row = ask(committed_world, "nano-banana-edit", "a cat")
    (row,) = jobs.until(row.pk)
    sandbox.wait_for_callbacks(1)
    jobs.drain()
    assert row.status == Status.SUCCEEDED
    replay_thrice(desk("see_operations", "replay_callbacks"), Callback.objects.get(), jobs)
    assert wallet(committed_world) == (FIRST_CREDIT - 20_000, 0)
    assert not LateResult.objects.exists()
    assert Callback.objects.get().note == "already succeeded"
    events = AuditEvent.objects.filter(action=Action.CALLBACK_REPLAYED)
    assert events.count() == 3
    assert {event.target for event in events} == {row.public_id}
    assert books_hold()


def test_a_replay_of_a_late_success_keeps_it_once_and_charges_nothing(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs, desk: Desk
) -> None:
    row = ask(committed_world, "nano-banana-edit", "[[late-success]] a cat")
    (row,) = jobs.until(row.pk)
    sandbox.wait_for_callbacks(2)
    jobs.drain()
    assert row.status == Status.FAILED
    for callback in Callback.objects.all():
        replay_thrice(desk("see_operations", "replay_callbacks"), callback, jobs)
    row.refresh_from_db()
    assert (row.status, row.charged) == (Status.FAILED, 0)
    assert LateResult.objects.count() == 1
    assert wallet(committed_world) == (FIRST_CREDIT, 0)
    assert books_hold()


def test_without_the_duty_nothing_is_replayed(make: Callable[..., Generation], desk: Desk) -> None:
    row = callback_of(started(make()), verdict="processed")
    staff = desk("see_operations", "resolve_unknown", "pause_providers", "check_books")
    assert staff.post(f"/admin/operations/callbacks/in-{row.pk}/replay").status_code == 403
    assert Callback.objects.get().verdict == "processed"
    assert not AuditEvent.objects.filter(action=Action.CALLBACK_REPLAYED).exists()


def test_a_replay_is_looked_at_as_if_it_had_just_come(make: Callable[..., Generation], desk: Desk) -> None:
    row = callback_of(started(make()), verdict="failed", note="not confirmed", tries=6, processed_at=db.now())
    before = len(queue.pending())
    assert desk("see_operations", "replay_callbacks").post(f"/admin/operations/callbacks/in-{row.pk}/replay").url
    row.refresh_from_db()
    assert (row.verdict, row.tries, row.processed_at, row.note) == ("received", 0, None, "replayed")
    assert [(job.func, job.args) for job in queue.pending()[before:]] == [
        ("generations.tasks.process_callback", (row.pk,))
    ]
    assert AuditEvent.objects.get(action=Action.CALLBACK_REPLAYED).data == {"callback": row.pk, "before": "failed"}
