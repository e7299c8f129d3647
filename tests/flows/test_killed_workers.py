"""A worker killed at the worst moments, a queue that is emptied: nothing is bought twice, nothing stays open."""

from __future__ import annotations

import time

from django.db import connection
from django.db.models.functions import Now

from generations import claims, submission
from generations.models import Attempt, AttemptOutcome, Generation, Status
from project import queue
from project.failpoints import KILLED
from tests.flows.asking import again, ask, books_hold, kinds, released_whole, wallet
from tests.flows.other_process import run
from tests.flows.test_create_answers import pass_the_deadline
from tests.jobs import Jobs
from tests.sandbox_client import SandboxProcess
from tests.world import FIRST_CREDIT, World

DISPATCH = "from generations import submission; submission.dispatch(provider='kie')"


def empty_the_queue() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_q_ormq")


def expire_the_lease(generation: Generation) -> None:
    """The lease ran out, by the database's clock; then the row is looked after."""
    Attempt.objects.filter(generation=generation).update(lease_expires_at=Now())
    submission.expire_lease(generation_id=generation.pk)


def test_killed_after_the_claim_nothing_is_sent_again(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world)
    ended = run(DISPATCH, FAILPOINT="after_claim")
    assert ended.returncode == KILLED, ended.stderr
    assert again(generation.pk).status == Status.SUBMITTING
    for _ in range(2):  # the job comes again after `retry`, and the clock rings
        queue.enqueue("generations.tasks.dispatch", "kie")
        jobs.drain()
    assert again(generation.pk).status == Status.SUBMITTING

    expire_the_lease(generation)
    assert again(generation.pk).status == Status.UNKNOWN
    jobs.ring()
    jobs.drain()
    assert sandbox.stats()["creates"] == 0
    pass_the_deadline(generation)
    generation = again(generation.pk)
    assert generation.reason == "outcome_unknown"
    assert released_whole(committed_world, generation)


def test_killed_after_the_request_the_callback_brings_the_task(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, prompt="[[slow:1]] a dog")
    ended = run(DISPATCH, FAILPOINT="after_http")
    assert ended.returncode == KILLED, ended.stderr
    assert again(generation.pk).status == Status.SUBMITTING
    queue.enqueue("generations.tasks.dispatch", "kie")
    sandbox.wait_for_callbacks(1)
    (generation,) = jobs.until(generation.pk)
    assert generation.status == Status.SUCCEEDED
    assert sandbox.stats()["creates"] == 1
    assert wallet(committed_world) == (FIRST_CREDIT - 300_000, 0)
    assert books_hold()


def test_killed_after_the_request_without_callback_is_released(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, prompt="[[lost-callback]] a dog")
    assert run(DISPATCH, FAILPOINT="after_http").returncode == KILLED
    expire_the_lease(generation)
    pass_the_deadline(generation)
    assert sandbox.stats()["creates"] == 1
    assert released_whole(committed_world, again(generation.pk))


def test_an_emptied_queue_is_refilled_from_the_rows(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    """At every step the doorbell is taken away; the clock alone brings each generation to its end."""
    made = [ask(committed_world, "nano-banana-edit", f"[[lost-callback]] a cat {n}") for n in range(3)]
    seen: set[str] = set()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        empty_the_queue()
        assert not queue.pending()
        jobs.ring()
        queue.run_pending()
        rows = Generation.objects.filter(pk__in=[row.pk for row in made])
        seen |= set(rows.values_list("status", flat=True))
        if all(row.ended for row in rows):
            break
    assert seen >= {"running", "succeeded"}
    assert {row.status for row in rows} == {Status.SUCCEEDED}
    assert sandbox.stats()["tasks"] == 3
    assert wallet(committed_world) == (FIRST_CREDIT - 60_000, 0)
    assert books_hold()


def test_a_lease_that_has_not_run_out_is_left_alone(committed_world: World) -> None:
    generation = ask(committed_world)
    claimed = claims.claim(provider="kie")
    assert claimed is not None
    submission.expire_lease(generation_id=generation.pk)
    assert again(generation.pk).status == Status.SUBMITTING
    assert Attempt.objects.get().outcome == AttemptOutcome.IN_FLIGHT
    assert kinds(generation) == ["accepted", "claimed"]
