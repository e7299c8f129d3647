"""A callback moves no money by its content: forged, altered, old and foreign ones (faults.md rows 9-13)."""

from __future__ import annotations

import pytest

from generations.models import Attempt, Callback, Generation, Status
from tests.flows.asking import ask, books_hold, wallet
from tests.jobs import Jobs
from tests.sandbox_client import SandboxProcess
from tests.world import FIRST_CREDIT, World


@pytest.mark.parametrize("word", ["unsigned-callback", "bad-signature", "stale-callback"])
@pytest.mark.parametrize("slug", ["veo-3.1-fast", "qwen-image-edit-plus"])
def test_a_callback_that_proves_nothing_is_refused_and_not_stored(
    word: str, slug: str, committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, slug, f"[[{word}]] a dog")
    (generation,) = jobs.until(generation.pk)
    sandbox.wait_for_callbacks(1)
    (task,) = sandbox.tasks()
    assert {callback["status"] for callback in task["callbacks"]} == {401}
    assert not Callback.objects.exists()
    assert generation.status == Status.SUCCEEDED  # by the poll
    assert books_hold()


def test_a_valid_signature_over_an_altered_body_changes_nothing(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    """KIE signs the task id, not the body: fail becomes success with addresses of an attacker, and back."""
    lying_success = ask(committed_world, "nano-banana-edit", "[[altered-body]] [[fail]] a cat")
    lying_failure = ask(committed_world, "nano-banana-edit", "[[altered-body]] a cat")
    failed, succeeded = jobs.until(lying_success.pk, lying_failure.pk), None
    by_id = {row.pk: row for row in failed}
    sandbox.wait_for_callbacks(2)
    assert {callback["status"] for task in sandbox.tasks() for callback in task["callbacks"]} == {200}
    failed, succeeded = by_id[lying_success.pk], by_id[lying_failure.pk]
    assert (failed.status, failed.reason, failed.charged) == (Status.FAILED, "provider_failed", 0)
    assert (succeeded.status, succeeded.charged) == (Status.SUCCEEDED, 20_000)
    assert wallet(committed_world) == (FIRST_CREDIT - 20_000, 0)


def test_a_guessed_token_is_not_found(committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs) -> None:
    generation = ask(committed_world, prompt="[[lost-callback]] a dog")
    (generation,) = jobs.until(generation.pk)
    (task,) = sandbox.tasks()
    elsewhere = f"{site}/callbacks/kie/{'0' * 32}"
    assert sandbox.callback(task["id"], url=elsewhere)["status"] == 404
    assert not Callback.objects.exists()


def test_a_token_with_the_task_of_another_team_is_not_found(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    one = ask(committed_world, prompt="[[never]] one")
    two = ask(committed_world, prompt="[[never]] two")
    jobs.drain()
    tasks = {task["prompt"]: task for task in sandbox.tasks()}
    first, second = tasks["[[never]] one"], tasks["[[never]] two"]
    assert sandbox.callback(first["id"], url=second["callback_url"])["status"] == 404
    jobs.drain()
    assert {Generation.objects.get(pk=row.pk).status for row in (one, two)} == {Status.RUNNING}
    assert not Callback.objects.exists()


def test_no_token_is_stored_in_the_clear(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    ask(committed_world)
    jobs.drain()
    (task,) = sandbox.tasks()
    token = task["callback_url"].rsplit("/", 1)[1]
    assert len(token) == 32
    stored = bytes(Attempt.objects.get().token_hash)
    assert stored != bytes.fromhex(token)
    assert token.encode() not in stored
