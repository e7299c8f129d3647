"""Resolving an unknown outcome: a task that the provider's record knows, or a release; never both, never twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts import audit
from accounts.models import Action, AuditEvent
from billing import ledger
from generations import limiter, timeline
from generations.models import (
    Attempt,
    AttemptOutcome,
    Callback,
    CostVerdict,
    Generation,
    GenerationEvent,
    LateResult,
    ProviderSlot,
    Status,
)
from generations.oversight import resolutions
from project import db
from project.errors import Invalid
from tests.flows.asking import ask, books_hold, wallet
from tests.jobs import Jobs
from tests.oversight.conftest import Desk, staff_of
from tests.pages.conftest import doubted, started
from tests.sandbox_client import SandboxProcess
from tests.world import FIRST_CREDIT, World

Make = Callable[..., Generation]
REASON = {"reason": "found in the provider's log"}


def lost(world: World, sandbox: SandboxProcess, jobs: Jobs, slug: str = "veo-3.1-fast", words: str = "") -> Generation:
    """One that the provider made and whose create's answer was lost; no callback comes."""
    row = ask(world, slug, f"[[no-task-id]] [[lost-callback]] {words} a dog")
    jobs.drain()
    row.refresh_from_db()
    assert row.status == Status.UNKNOWN
    return row


def address(row: Generation, act: str = "") -> str:
    return f"/admin/operations/generations/{row.public_id}{'/' + act if act else ''}"


def test_a_task_is_looked_up_and_attached_and_charged_once(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs, desk: Desk
) -> None:
    row = lost(committed_world, sandbox, jobs, "nano-banana-edit")
    (task,) = sandbox.tasks()
    staff = desk("see_operations", "resolve_unknown")
    looked = staff.get(address(row), {"task_id": task["id"]})
    assert "It calls back to this generation's own address" in looked.content.decode()
    row.refresh_from_db()
    assert row.status == Status.UNKNOWN
    assert staff.post(address(row, "attach"), {"task_id": task["id"], **REASON}).status_code == 302
    (row,) = jobs.until(row.pk)
    assert (row.status, row.charged) == (Status.SUCCEEDED, 20_000)
    assert len(sandbox.tasks()) == 1
    event = AuditEvent.objects.get(action=Action.UNKNOWN_RESOLVED)
    assert (event.team, event.target) == (row.team, row.public_id)
    assert event.data["how"] == "attached"
    assert event.data["reason"] == REASON["reason"]
    assert staff.post(address(row, "attach"), {"task_id": task["id"], **REASON}).status_code == 302
    assert staff.post(address(row, "release"), REASON).status_code == 302
    assert wallet(committed_world) == (FIRST_CREDIT - 20_000, 0)
    assert AuditEvent.objects.filter(action=Action.UNKNOWN_RESOLVED).count() == 1
    assert books_hold()


def test_tasks_that_are_not_ours_are_refused(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs, desk: Desk
) -> None:
    row = lost(committed_world, sandbox, jobs, "nano-banana-edit")
    (mine,) = sandbox.tasks()
    other = ask(committed_world, "nano-banana-edit", "[[never]] another cat")
    veo = lost(committed_world, sandbox, jobs)
    jobs.drain()
    other.refresh_from_db()
    same_model = lost(committed_world, sandbox, jobs, "nano-banana-edit")
    tasks = [task for task in sandbox.tasks() if task["id"] not in (mine["id"], other.provider_task_id)]
    foreign = next(task["id"] for task in tasks if "nano" in task["model"])
    veos = next(task["id"] for task in tasks if "veo" in task["model"])
    staff = desk("see_operations", "resolve_unknown")
    for task_id, words in (
        (other.provider_task_id, f"belongs to another generation: {other.public_id}"),
        ("0" * 32, "knows no such task"),
        (foreign, "calls back to another address"),
        (veos, "knows no such task"),
        ("../../secret", "no task id"),
    ):
        for answer in (
            staff.get(address(row), {"task_id": task_id}),
            staff.post(address(row, "attach"), {"task_id": task_id, **REASON}),
        ):
            assert answer.status_code == 422, task_id
            assert words in answer.content.decode(), task_id
    for each in (row, veo, same_model):
        each.refresh_from_db()
        assert each.status == Status.UNKNOWN
    assert not AuditEvent.objects.filter(action=Action.UNKNOWN_RESOLVED).exists()


def test_a_task_of_another_model_is_refused(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs, desk: Desk
) -> None:
    row = lost(committed_world, sandbox, jobs, "nano-banana-edit")
    lost(committed_world, sandbox, jobs, "seedream-v4-edit")
    other = next(task["id"] for task in sandbox.tasks() if "seedream" in task["model"])
    answer = desk("see_operations", "resolve_unknown").post(address(row, "attach"), {"task_id": other, **REASON})
    assert answer.status_code == 422
    assert "for another model" in answer.content.decode()


@pytest.mark.parametrize("names", ["attempt", "callback", "late_result"])
def test_a_task_that_came_for_another_generation_is_refused(
    names: str, committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs, desk: Desk
) -> None:
    """Its own provider does not say whose it is (fal): what names it here does, confirmed or not."""
    theirs = lost(committed_world, sandbox, jobs, "qwen-image-edit-plus")
    (task,) = sandbox.tasks()
    row = lost(committed_world, sandbox, jobs, "qwen-image-edit-plus")
    attempt = Attempt.objects.get(generation=theirs)
    if names == "attempt":
        Attempt.objects.filter(pk=attempt.pk).update(provider_task_id=task["id"])
    elif names == "callback":
        Callback.objects.create(
            attempt=attempt, body_hash=b"h", body=b"{}", provider_task_id=task["id"], verdict="failed"
        )
    else:
        LateResult.objects.create(generation=theirs, provider_task_id=task["id"], sources=[])
    staff = desk("see_operations", "resolve_unknown")
    for answer in (
        staff.get(address(row), {"task_id": task["id"]}),
        staff.post(address(row, "attach"), {"task_id": task["id"], **REASON}),
    ):
        assert answer.status_code == 422
        assert f"This task belongs to another generation: {theirs.public_id}." in answer.content.decode()
    row.refresh_from_db()
    assert row.status == Status.UNKNOWN
    if names == "callback":  # to its own it can be given
        assert staff.post(address(theirs, "attach"), {"task_id": task["id"], **REASON}).status_code == 302


def test_a_task_that_another_generations_callback_names_meanwhile_is_refused(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    """The provider was asked; then the callback comes; then the generation is locked."""
    theirs = lost(committed_world, sandbox, jobs, "qwen-image-edit-plus")
    (task,) = sandbox.tasks()
    row = lost(committed_world, sandbox, jobs, "qwen-image-edit-plus")
    attempt = Attempt.objects.get(generation=theirs)

    def callback_first(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        if "FOR NO KEY UPDATE" in sql and not Callback.objects.exists():
            Callback.objects.create(attempt=attempt, body_hash=b"h", body=b"{}", provider_task_id=task["id"])
        return execute(sql, params, many, context)

    by = audit.Staff(staff_of("grace"))
    with connection.execute_wrapper(callback_first), pytest.raises(Invalid, match=theirs.public_id):
        resolutions.attach(generation_id=row.pk, task_id=task["id"], reason="found", by=by)
    row.refresh_from_db()
    assert row.status == Status.UNKNOWN


def test_the_provider_is_not_asked_too_often(make: Make, desk: Desk) -> None:
    row, staff = doubted(make()), desk("see_operations", "resolve_unknown")
    while limiter.take_read("kie"):
        ProviderSlot.objects.update(taken_at=db.now() + timedelta(minutes=1))  # the window is a second
    assert staff.get(address(row), {"task_id": "a-task"}).status_code == 429
    assert staff.post(address(row, "attach"), {"task_id": "a-task", **REASON}).status_code == 429
    row.refresh_from_db()
    assert row.status == Status.UNKNOWN


def test_a_provider_that_does_not_answer_resolves_nothing(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs, desk: Desk, settings: Any
) -> None:
    row = lost(committed_world, sandbox, jobs)
    (task,) = sandbox.tasks()
    settings.KIE_API_BASE = "http://127.0.0.1:9"
    answer = desk("see_operations", "resolve_unknown").post(address(row, "attach"), {"task_id": task["id"], **REASON})
    assert answer.status_code == 503
    row.refresh_from_db()
    assert row.status == Status.UNKNOWN


def test_a_release_gives_all_back_and_books_what_may_have_been_bought(make: Make, world: World, desk: Desk) -> None:
    row = doubted(make())
    before = ledger.wallet(world.team.pk).available.balance
    staff = desk("see_operations", "resolve_unknown")
    assert staff.post(address(row, "release"), {"reason": " "}).status_code == 422
    assert staff.post(address(row, "release"), REASON).status_code == 302
    row.refresh_from_db()
    assert (row.status, row.reason, row.charged) == (Status.FAILED, "outcome_unknown", 0)
    assert row.cost_verdict == CostVerdict.UNATTRIBUTED
    assert ledger.wallet(world.team.pk).available.balance == before + row.hold_amount
    assert Attempt.objects.get(generation=row).outcome == AttemptOutcome.UNKNOWN
    assert staff.post(address(row, "release"), REASON).status_code == 302
    assert AuditEvent.objects.filter(action=Action.UNKNOWN_RESOLVED, data__how="released").count() == 1
    assert not LateResult.objects.exists()
    assert books_hold()


def test_history_names_staff_and_no_person(make: Make, desk: Desk) -> None:
    row, staff = doubted(make()), desk("see_operations", "resolve_unknown")
    staff.post(address(row, "release"), REASON)
    event = GenerationEvent.objects.get(generation=row, kind="failed")
    assert event.actor.startswith("staff:")
    row.refresh_from_db()
    words = " ".join(line.words for line in timeline.timeline(row))
    assert "Our staff decided this." in words
    assert "example.com" not in words


@pytest.mark.parametrize("act", ["attach", "release"])
def test_without_the_duty_nothing_is_resolved(act: str, make: Make, desk: Desk) -> None:
    row = doubted(make())
    staff = desk("see_operations", "replay_callbacks", "pause_providers", "check_books")
    assert staff.post(address(row, act), {"task_id": "x", **REASON}).status_code == 403
    row.refresh_from_db()
    assert row.status == Status.UNKNOWN
    assert "Attach a task" not in staff.get(address(row)).content.decode()


@pytest.mark.parametrize("act", ["attach", "release"])
def test_what_is_not_in_doubt_is_left_alone(act: str, make: Make, desk: Desk) -> None:
    running, waiting = started(make()), make()
    staff = desk("see_operations", "resolve_unknown")
    for row in (running, waiting):
        before = row.status
        assert staff.post(address(row, act), {"task_id": "a-task", **REASON}, follow=True).status_code == 200
        row.refresh_from_db()
        assert row.status == before
    assert not AuditEvent.objects.filter(action=Action.UNKNOWN_RESOLVED).exists()


def test_the_team_reads_that_staff_did_it(make: Make, world: World) -> None:
    row = doubted(make())
    resolutions.release(generation_id=row.pk, reason="why", by=audit.Staff(staff_of("grace")))
    assert AuditEvent.objects.get(action=Action.UNKNOWN_RESOLVED, team=world.team).data["reason"] == "why"
