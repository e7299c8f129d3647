"""A callback may come many times, too early, or never: one step, one capture, all answered 200."""

from __future__ import annotations

import time

from generations.models import Callback, CallbackVerdict, Status
from tests.flows.asking import again, ask, books_hold, kinds, wallet
from tests.jobs import Jobs
from tests.sandbox_client import SandboxProcess
from tests.world import FIRST_CREDIT, World


def answered(sandbox: SandboxProcess, count: int, seconds: float = 30.0) -> list[int]:
    """The statuses of the one task's callbacks once `count` have been answered. 0 is a connection that the test
    server's short backlog did not take; the sandbox sends that one again."""
    until = time.monotonic() + seconds
    while True:
        (task,) = sandbox.tasks()
        found = [callback["status"] for callback in task["callbacks"] if callback["status"] != 0]
        if len(found) >= count or time.monotonic() > until:
            return found
        time.sleep(0.05)


def test_one_callback_50_times_at_once_is_one_capture(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, prompt="[[duplicate-callback:50]] a dog")
    (generation,) = jobs.until(generation.pk)
    assert answered(sandbox, 50) == [200] * 50
    jobs.drain()
    assert generation.status == Status.SUCCEEDED
    assert wallet(committed_world) == (FIRST_CREDIT - 300_000, 0)
    assert kinds(generation).count("succeeded") == 1
    row = Callback.objects.get()
    assert row.deliveries == 50
    assert books_hold()


def test_each_job_run_three_times_and_shuffled_is_the_same_result(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    made = [ask(committed_world, "nano-banana-edit", f"a cat {number}") for number in range(4)]
    ended = jobs.until(*[generation.pk for generation in made], seed=7, repeat=3)
    assert [generation.status for generation in ended] == [Status.SUCCEEDED] * 4
    assert sandbox.stats()["tasks"] == 4
    assert wallet(committed_world) == (FIRST_CREDIT - 4 * 20_000, 0)
    assert books_hold()


def test_a_callback_before_the_create_answer_finds_its_attempt(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, prompt="[[early-callback]] a dog")
    (generation,) = jobs.until(generation.pk)
    assert generation.status == Status.SUCCEEDED
    assert sandbox.stats()["tasks"] == 1
    assert wallet(committed_world) == (FIRST_CREDIT - 300_000, 0)


def test_a_lost_callback_is_found_by_the_poll(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, prompt="[[lost-callback]] a dog")
    (generation,) = jobs.until(generation.pk)
    assert generation.status == Status.SUCCEEDED
    assert not Callback.objects.exists()
    assert wallet(committed_world) == (FIRST_CREDIT - 300_000, 0)


def test_a_callback_after_the_end_changes_nothing(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, prompt="[[lost-callback]] a dog")
    (generation,) = jobs.until(generation.pk)
    (task,) = sandbox.tasks()
    before = kinds(generation)
    assert sandbox.callback(task["id"])["status"] == 200
    jobs.drain()
    assert Callback.objects.get().verdict == CallbackVerdict.IGNORED
    assert kinds(again(generation.pk)) == before
    assert wallet(committed_world) == (FIRST_CREDIT - 300_000, 0)


def test_out_of_order_news_is_looked_up_and_not_believed(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, prompt="[[out-of-order]] a dog")
    (generation,) = jobs.until(generation.pk)
    jobs.drain()
    assert again(generation.pk).status == Status.SUCCEEDED
    assert wallet(committed_world) == (FIRST_CREDIT - 300_000, 0)
    assert books_hold()
