"""What the provider calls a result: nothing, some, too many, broken, unreachable, hostile (faults.md rows 17-24)."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now

from generations import storage, sweeps
from generations.models import Generation, Output, Status
from project import net
from tests.flows.asking import again, ask, books_hold, kinds, released_whole, wallet
from tests.jobs import Jobs
from tests.sandbox_client import SandboxProcess
from tests.world import FIRST_CREDIT, World


@pytest.mark.parametrize(
    ("slug", "word"),
    [("nano-banana-edit", "empty-result"), ("veo-3.1-fast", "empty-result"), ("flux-kontext-pro", "empty-result"),
     ("qwen-image-edit-plus", "empty-result"), ("nano-banana-edit", "null-result"),
     ("prompt-expansion-text", "router-empty")],
)  # fmt: skip
def test_a_success_without_output_is_released(
    slug: str, word: str, committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, slug, f"[[{word}]] a dog")
    (generation,) = jobs.until(generation.pk)
    assert (generation.status, generation.reason) == (Status.FAILED, "no_output")
    assert released_whole(committed_world, generation)


@pytest.mark.parametrize(("slug", "unit"), [("seedream-v4-edit", 17_500), ("qwen-image-edit-plus", 30_000)])
def test_two_of_four_images_are_charged_as_two(
    slug: str, unit: int, committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, slug, "[[partial:2]] four dogs")
    assert wallet(committed_world) == (FIRST_CREDIT - 4 * unit, 4 * unit)
    (generation,) = jobs.until(generation.pk)
    assert (generation.status, generation.output_count, generation.charged) == (Status.SUCCEEDED, 2, 2 * unit)
    assert generation.receipt is not None
    assert (generation.receipt["requested"], generation.receipt["delivered"]) == (4, 2)
    assert generation.receipt["formula"].startswith("2 of 4 delivered")
    assert wallet(committed_world) == (FIRST_CREDIT - 2 * unit, 0)
    assert books_hold()


@pytest.mark.parametrize("slug", ["seedream-v4-edit", "qwen-image-edit-plus", "nano-banana-edit"])
def test_more_than_asked_is_dropped_and_not_charged(
    slug: str, committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, slug, "[[extra:2]] dogs")
    (generation,) = jobs.until(generation.pk)
    assert generation.output_count == generation.requested_outputs
    assert generation.charged == generation.hold_amount
    finished = generation.events.get(kind="finished")
    assert finished.data["dropped"] == 2


@pytest.mark.parametrize("word", ["malformed-result", "deep-result", "huge-result"])
def test_a_result_that_cannot_be_read_is_read_three_times_and_released(
    word: str, committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, "nano-banana-edit", f"[[{word}]] [[lost-callback]] a dog")
    (generation,) = jobs.until(generation.pk)
    assert (generation.status, generation.reason) == (Status.FAILED, "result_lost")
    assert kinds(generation).count("misread") == 2
    assert released_whole(committed_world, generation)


@pytest.mark.parametrize("word", ["double-encoded-result", "list-result"])
def test_odd_forms_of_a_good_result_are_understood(
    word: str, committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, "nano-banana-edit", f"[[{word}]] a dog")
    (generation,) = jobs.until(generation.pk)
    assert (generation.status, generation.charged) == (Status.SUCCEEDED, 20_000)


def test_a_late_success_after_a_failure_is_kept_and_not_charged(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, prompt="[[late-success]] a dog")
    (generation,) = jobs.until(generation.pk)
    assert (generation.status, generation.reason) == (Status.FAILED, "provider_failed")
    (task,) = sandbox.tasks()
    sandbox.finish(task["id"], "success")
    assert sandbox.callback(task["id"])["status"] == 200
    jobs.drain()
    assert again(generation.pk).late_results.count() == 1
    assert again(generation.pk).actual_cost == 300_000
    assert released_whole(committed_world, again(generation.pk))


FAST = (0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    "word",
    ["result-404", "result-403", "result-html", "result-empty", "result-redirect", "result-redirect-file",
     "result-lying-length"],
)  # fmt: skip
def test_a_result_that_cannot_be_fetched_is_tried_again_and_then_released(
    word: str,
    committed_world: World,
    sandbox: SandboxProcess,
    site: str,
    jobs: Jobs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage, "RETRIES", FAST)
    generation = ask(committed_world, "nano-banana-edit", f"[[{word}]] a dog")
    (generation,) = jobs.until(generation.pk)
    assert (generation.status, generation.reason) == (Status.FAILED, "result_lost")
    assert generation.store_tries == 6
    assert kinds(generation).count("store_retried") == 5
    assert not Output.objects.exists()
    assert generation.actual_cost == 20_000
    assert released_whole(committed_world, generation)


@pytest.mark.parametrize("word", ["result-endless", "result-slow"])
def test_an_endless_or_dripping_result_is_cut(
    word: str,
    committed_world: World,
    sandbox: SandboxProcess,
    site: str,
    jobs: Jobs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(storage, "RETRIES", ())
    monkeypatch.setattr(storage, "IMAGE_DEADLINE", 3.0)
    generation = ask(committed_world, "nano-banana-edit", f"[[{word}]] a dog")
    (generation,) = jobs.until(generation.pk)
    assert generation.reason == "result_lost"
    assert released_whole(committed_world, generation)


def test_a_redirect_to_a_private_address_is_never_followed() -> None:
    with pytest.raises(net.Refused):
        net.check_url("https://169.254.169.254/latest/meta-data/")


def test_a_storing_generation_whose_jobs_are_lost_is_given_up_in_time(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, "nano-banana-edit", "[[result-404]] a dog")
    jobs.until(generation.pk, status="storing")
    Generation.objects.filter(pk=generation.pk).update(status_at=Now() - storage.GIVE_UP)
    assert sweeps.sweep()["given_up"] == 1
    assert released_whole(committed_world, again(generation.pk))


def test_a_result_that_comes_on_the_second_try_is_delivered(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, "nano-banana-edit", "[[result-404:1]] a dog")
    (generation,) = jobs.until(generation.pk)
    assert (generation.status, generation.store_tries, generation.charged) == (Status.SUCCEEDED, 2, 20_000)
    assert wallet(committed_world) == (FIRST_CREDIT - 20_000, 0)
