"""Staff resolve an unknown outcome while its callback comes: one wins, nothing is charged or released twice."""

from __future__ import annotations

import pytest

from accounts import audit
from accounts.models import Action, AuditEvent
from generations import callbacks
from generations.models import Attempt, Callback, Generation, LateResult, Status
from generations.oversight import callback_log, resolutions
from project.errors import Conflict
from tests.concurrency.racing import race
from tests.flows.asking import ask, books_hold, wallet
from tests.jobs import Jobs
from tests.oversight.conftest import staff_of
from tests.oversight.operations.conftest import callback_of
from tests.sandbox_client import SandboxProcess
from tests.world import FIRST_CREDIT, World


def lost(world: World, sandbox: SandboxProcess, jobs: Jobs) -> tuple[Generation, Callback]:
    """One in doubt whose task has ended well at the provider, and the callback that has not been looked at yet."""
    row = ask(world, "nano-banana-edit", "[[no-task-id]] [[lost-callback]] a cat")
    jobs.drain()
    (task,) = sandbox.tasks()
    sandbox.finish(task["id"])
    body = f'{{"data": {{"taskId": "{task["id"]}"}}}}'.encode()
    waiting = callback_of(row, body=body)
    Callback.objects.filter(pk=waiting.pk).update(provider_task_id=task["id"])
    waiting.refresh_from_db()
    row.refresh_from_db()
    assert row.status == Status.UNKNOWN
    return row, waiting


@pytest.mark.parametrize("act", ["attach", "release"])
def test_a_callback_and_staff_at_the_same_moment(
    act: str, committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    row, waiting = lost(committed_world, sandbox, jobs)
    by, other = audit.Staff(staff_of("grace")), audit.Staff(staff_of("henry"))

    def staff(who: audit.Staff) -> None:
        if act == "attach":
            resolutions.attach(generation_id=row.pk, task_id=waiting.provider_task_id, reason="race", by=who)
        else:
            resolutions.release(generation_id=row.pk, reason="race", by=who)

    results = race([lambda: staff(by), lambda: staff(other), lambda: callbacks.process(callback_id=waiting.pk)])
    raised = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(error, Conflict) for error in raised), raised
    won = AuditEvent.objects.filter(action=Action.UNKNOWN_RESOLVED).count()
    assert won == 2 - len(raised) <= 1
    (row,) = jobs.until(row.pk)
    charged = 20_000 if row.status == Status.SUCCEEDED else 0
    assert (row.status, row.charged) in ((Status.SUCCEEDED, 20_000), (Status.FAILED, 0))
    assert act == "release" or row.status == Status.SUCCEEDED
    assert wallet(committed_world) == (FIRST_CREDIT - charged, 0)
    assert Attempt.objects.filter(generation=row).count() == 1
    assert LateResult.objects.count() == (row.status == Status.FAILED)  # the callback found it released: cost is known
    assert books_hold()


def test_replays_beside_the_first_look_charge_once(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    row, waiting = lost(committed_world, sandbox, jobs)
    by = audit.Staff(staff_of("grace"))
    works = [lambda: callback_log.replay(callback_id=waiting.pk, by=by)] * 2
    results = race([*works, *[lambda: callbacks.process(callback_id=waiting.pk)] * 2])
    assert not [result for result in results if isinstance(result, Exception)]
    (row,) = jobs.until(row.pk)
    for _ in range(3):
        callback_log.replay(callback_id=waiting.pk, by=by)
        jobs.drain()
    row.refresh_from_db()
    assert (row.status, row.charged) == (Status.SUCCEEDED, 20_000)
    assert wallet(committed_world) == (FIRST_CREDIT - 20_000, 0)
    assert not LateResult.objects.exists()
    assert books_hold()
