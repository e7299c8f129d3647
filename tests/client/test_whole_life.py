"""Create, wait with progress, download: the client against the real server, real jobs and the real sandbox."""

from __future__ import annotations

import hashlib
import time
from decimal import Decimal
from pathlib import Path

import pytest
from framehouse import Conflict, Framehouse, GenerationFailed, Money, Progress, WaitTimeout

from generations.models import Generation
from tests.client.conftest import Connect
from tests.sandbox_client import SandboxProcess
from tests.world import World

VEO = "veo-3.1-fast"


def test_from_a_prompt_to_a_file(
    site: str, committed_world: World, worker: None, sandbox: SandboxProcess, connect: Connect, tmp_path: Path
) -> None:
    client = connect(site, committed_world.key, sleep=lambda seconds: time.sleep(seconds / 20))
    heard: list[Progress] = []
    quote = client.quotes.create(VEO, {"prompt": "a dog in a park"})
    assert (quote.price.usd, quote.price.credits) == (Decimal("0.3"), Decimal(60))
    done = client.run(
        VEO,
        {"prompt": "a dog in a park"},
        quote=quote,
        max_price=Money.of(credits=60),
        metadata={"shot": "7"},
        on_progress=heard.append,
    )
    assert (done.status, done.ended, done.charged, done.metadata) == ("succeeded", True, quote.price, {"shot": "7"})
    statuses = [progress.status for progress in heard]
    assert statuses[0] == "queued"
    assert statuses[-1] == "succeeded"
    assert len(set(statuses)) == len(statuses)
    assert heard[0].typical_seconds == client.models.get(VEO).typical_seconds
    assert 0 <= heard[0].elapsed <= heard[-1].elapsed

    (path,) = client.download(done, tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / f"{done.id}-1.mp4"
    assert hashlib.sha256(path.read_bytes()).hexdigest() == done.outputs[0].sha256
    assert client.download(done.id, path.parent) == [path]
    assert list(path.parent.iterdir()) == [path]

    receipt = client.generations.receipt(done)
    assert (receipt.generation, receipt.charged, receipt.released) == (done.id, quote.price, Money.of(usd=0))
    kinds = [event.kind for event in client.generations.events(done)]
    assert (kinds[0], kinds[-1]) == ("accepted", "succeeded")
    assert len(sandbox.tasks()) == 1


def test_a_failure_is_raised_with_its_reason_or_returned(
    site: str, committed_world: World, worker: None, connect: Connect
) -> None:
    client = connect(site, committed_world.key, sleep=lambda seconds: time.sleep(seconds / 20))
    with pytest.raises(GenerationFailed, match="content_refused") as raised:
        client.run("nano-banana-pro", {"prompt": "[[content]] a dog"})
    failed = raised.value.generation
    assert failed.error is not None
    assert (failed.status, failed.error.code, failed.charged) == ("failed", "content_refused", Money.of(usd=0))
    assert client.generations.wait(failed.id, raise_on_failure=False) == failed


def test_a_wait_gives_up_and_the_generation_goes_on(client_of_studio: Framehouse, sleeps: list[float]) -> None:
    made = client_of_studio.generations.create(VEO, {"prompt": "a dog"})
    with pytest.raises(WaitTimeout, match="is queued after") as raised:
        client_of_studio.generations.wait(made, timeout=0.3)
    assert raised.value.generation == made
    assert sleeps
    assert max(sleeps) <= 0.3
    with pytest.raises(Conflict) as early:
        client_of_studio.generations.receipt(made)
    assert early.value.code == "not_ended"
    canceled = client_of_studio.generations.cancel(made)
    assert canceled.status == "canceled"
    with pytest.raises(GenerationFailed, match="canceled"):
        client_of_studio.generations.wait(canceled)


def test_prefer_wait_answers_with_the_end(client_of_studio: Framehouse, worker: None) -> None:
    done = client_of_studio.generations.create("flux-kontext-pro", {"prompt": "a lighthouse"}, wait=30)
    assert done.status == "succeeded"
    assert Generation.objects.get().status == "succeeded"
