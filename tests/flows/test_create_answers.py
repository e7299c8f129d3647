"""What an answer to a create proves, and that an unproven one is never sent again (invariants.md section 7)."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now

from generations import sweeps
from generations.models import Attempt, AttemptOutcome, Generation, ProviderState, Status
from generations.providers import kie
from tests.flows.asking import again, ask, books_hold, kinds, released_whole, wallet
from tests.jobs import Jobs
from tests.sandbox_client import SandboxProcess
from tests.world import FIRST_CREDIT, World


@pytest.mark.parametrize("slug", ["veo-3.1-fast", "nano-banana-edit", "qwen-image-edit-plus"])
def test_a_lost_answer_is_unknown_until_the_callback_brings_the_task(
    slug: str, committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, slug, "[[lost-answer]] a dog")
    (generation,) = jobs.until(generation.pk)
    assert generation.status == Status.SUCCEEDED
    assert sandbox.stats()["creates"] == sandbox.stats()["tasks"] == 1
    history = kinds(generation)
    assert history.index("submitted") > history.index("claimed")
    assert generation.attempts.get().outcome == AttemptOutcome.ACCEPTED
    assert wallet(committed_world)[1] == 0
    assert books_hold()


def test_a_lost_answer_without_callback_is_released_at_the_deadline(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, prompt="[[lost-answer]] [[lost-callback]] a dog")
    jobs.drain()
    assert again(generation.pk).status == Status.UNKNOWN
    jobs.ring()
    jobs.drain()
    assert again(generation.pk).status == Status.UNKNOWN
    assert wallet(committed_world) == (FIRST_CREDIT - 300_000, 300_000)

    pass_the_deadline(generation)
    generation = again(generation.pk)
    assert (generation.status, generation.reason) == (Status.FAILED, "outcome_unknown")
    assert generation.cost_verdict == "unattributed"
    assert sandbox.stats()["creates"] == 1
    assert released_whole(committed_world, generation)


def test_a_success_after_the_release_is_kept_and_never_charged(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, prompt="[[lost-answer]] [[lost-callback]] a dog")
    jobs.drain()
    pass_the_deadline(generation)
    (task,) = sandbox.tasks()
    sandbox.finish(task["id"], "success")
    assert sandbox.callback(task["id"])["status"] == 200
    jobs.drain()
    generation = again(generation.pk)
    assert generation.status == Status.FAILED
    assert generation.late_results.get().cost == 300_000
    assert (generation.actual_cost, generation.cost_verdict) == (300_000, "over")
    assert released_whole(committed_world, generation)


@pytest.mark.parametrize("word", ["no-task-id", "create-500", "create-html-502"])
def test_an_answer_that_proves_nothing_is_unknown(
    word: str, committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, prompt=f"[[{word}]] [[lost-callback]] a dog")
    jobs.drain()
    ProviderState.objects.update(open_until=None)
    for _ in range(3):
        jobs.ring()
        jobs.drain()
    assert again(generation.pk).status == Status.UNKNOWN
    assert sandbox.stats()["creates"] == 1
    pass_the_deadline(generation)
    assert released_whole(committed_world, again(generation.pk))


@pytest.mark.parametrize(
    ("slug", "word"),
    [
        ("veo-3.1-fast", "create-402"),
        ("veo-3.1-fast", "create-500-balance"),
        ("qwen-image-edit-plus", "create-402"),
    ],
)
def test_an_empty_account_of_ours_fails_releases_and_opens_the_circuit(
    slug: str, word: str, committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, slug, f"[[{word}]] a dog")
    jobs.drain()
    generation = again(generation.pk)
    assert (generation.status, generation.reason) == (Status.FAILED, "provider_unavailable")
    assert released_whole(committed_world, generation)
    later = ask(committed_world, slug, "another")
    jobs.drain()
    assert again(later.pk).status == Status.QUEUED
    assert sandbox.stats()["creates"] == 1

    ProviderState.objects.update(open_until=Now())
    (later,) = jobs.until(later.pk)
    assert later.status == Status.SUCCEEDED
    assert not ProviderState.objects.exclude(failures=0).exists()


@pytest.mark.parametrize("word", ["create-429", "http-429"])
def test_429_made_no_task_and_is_tried_again(
    word: str, committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    sandbox.script("a patient dog", [word], times=1)
    generation = ask(committed_world, prompt="a patient dog")
    jobs.drain()
    assert again(generation.pk).status == Status.QUEUED
    assert generation.attempts.get().outcome == AttemptOutcome.REFUSED
    ProviderState.objects.update(open_until=Now())
    (generation,) = jobs.until(generation.pk)
    assert generation.status == Status.SUCCEEDED
    assert sandbox.stats()["tasks"] == 1
    assert list(generation.attempts.order_by("number").values_list("number", flat=True)) == [1, 2]


@pytest.mark.parametrize(("word", "reason"), [("create-422", "provider_rejected"), ("content", "content_refused")])
def test_a_refused_input_fails_and_releases(
    word: str, reason: str, committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, "nano-banana-edit", f"[[{word}]] a dog")
    (generation,) = jobs.until(generation.pk)
    assert (generation.status, generation.reason) == (Status.FAILED, reason)
    assert "sandbox" not in generation.message
    assert released_whole(committed_world, generation)


def test_a_closed_port_is_proof_that_nothing_was_sent(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs, settings: object
) -> None:
    home = settings.KIE_API_BASE  # type: ignore[attr-defined]
    settings.KIE_API_BASE = "http://127.0.0.1:9"  # type: ignore[attr-defined]
    generation = ask(committed_world)
    jobs.drain()
    assert again(generation.pk).status == Status.QUEUED
    assert generation.attempts.get().outcome == AttemptOutcome.NOT_SENT
    settings.KIE_API_BASE = home  # type: ignore[attr-defined]
    (generation,) = jobs.until(generation.pk)
    assert generation.status == Status.SUCCEEDED
    assert sandbox.stats()["tasks"] == 1


def test_after_five_proven_failures_it_ends(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs, settings: object
) -> None:
    settings.KIE_API_BASE = "http://127.0.0.1:9"  # type: ignore[attr-defined]
    generation = ask(committed_world)
    (generation,) = jobs.until(generation.pk)
    assert (generation.status, generation.reason) == (Status.FAILED, "provider_unavailable")
    assert Attempt.objects.count() == 5
    assert released_whole(committed_world, generation)


def test_a_provider_that_hangs_is_unknown_and_opens_the_circuit(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kie, "CREATE_DEADLINE", 1.0)
    hanging = ask(committed_world, prompt="[[slow-answer:4]] [[lost-callback]] a dog")
    waiting = ask(committed_world, prompt="another dog")
    jobs.drain()
    assert again(hanging.pk).status == Status.UNKNOWN
    assert again(waiting.pk).status == Status.QUEUED
    assert ProviderState.objects.get().failures == 1


def test_a_task_id_that_is_already_ours_is_unknown(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    first = ask(committed_world, prompt="[[never]] first")
    jobs.drain()
    second = ask(committed_world, prompt="[[duplicate-task-id]] [[lost-callback]] second")
    jobs.drain()
    assert again(first.pk).status == Status.RUNNING
    assert again(second.pk).status == Status.UNKNOWN


def pass_the_deadline(generation: Generation) -> None:
    """The deadline is in the past for the database's clock; then one sweep."""
    Generation.objects.filter(pk=generation.pk).update(deadline_at=Now())
    assert sweeps.sweep()["expired"] == 1
