"""Poll and callback at once, and many polls at once: one finds the end, the others see that it has been found
(faults.md row 14)."""

from __future__ import annotations

import time
from functools import partial

from generations import callbacks, observation
from generations.models import Callback, Status
from tests.concurrency.racing import race
from tests.flows.asking import again, ask, books_hold, kinds, wallet
from tests.jobs import Jobs
from tests.sandbox_client import SandboxProcess
from tests.world import FIRST_CREDIT, World


def wait_for_the_end(sandbox: SandboxProcess, seconds: float = 30.0) -> str:
    """The id of the one task once the provider calls it a success."""
    until = time.monotonic() + seconds
    while (task := sandbox.tasks()[0])["state"] != "success":
        assert time.monotonic() < until, task["state"]
        time.sleep(0.02)
    return str(task["id"])


def test_poll_and_callback_at_once_are_one_step_and_one_capture(
    committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    generation = ask(committed_world, "nano-banana-edit", "[[lost-callback]] a cat")
    jobs.until(generation.pk, status="running")
    task_id = wait_for_the_end(sandbox)
    assert sandbox.callback(task_id)["status"] == 200
    (callback,) = Callback.objects.all()
    assert again(generation.pk).status == Status.RUNNING

    results = race(
        [
            *[partial(callbacks.process, callback_id=callback.pk) for _ in range(3)],
            *[partial(observation.observe, generation_id=generation.pk) for _ in range(5)],
        ]
    )
    assert results == [None] * 8
    (generation,) = jobs.until(generation.pk)

    assert generation.status == Status.SUCCEEDED
    history = kinds(generation)
    assert (history.count("finished"), history.count("stored"), history.count("succeeded")) == (1, 1, 1)
    assert wallet(committed_world) == (FIRST_CREDIT - 20_000, 0)
    assert sandbox.stats()["tasks"] == 1
    assert books_hold()
