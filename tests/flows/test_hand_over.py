"""What a provider gets for an upload: our signed address where our site is public, else a copy at its own upload
service, made before the create. The sandbox counts what it was asked and tells what it could fetch (issue 5.6)."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image

from generations import files, hand_over, sweeps, uploads
from generations.models import Attempt, AttemptOutcome, Generation, ProviderCopy, ProviderState, Reason, Status, Upload
from project import db
from project.net import is_public_site
from tests.flows.asking import ask, kinds, released_whole
from tests.jobs import Jobs
from tests.sandbox_client import SandboxProcess
from tests.world import World

MODELS = {"kie": "nano-banana-edit", "fal": "qwen-image-edit-plus"}
PROVIDERS = pytest.mark.parametrize("provider", list(MODELS))


@pytest.fixture
def hidden(sandbox: SandboxProcess, site: str, settings: Any) -> SandboxProcess:
    """Our site cannot be reached from outside, as far as its address says; the sandbox counts as public."""
    settings.OUTBOUND_ALLOW_HOSTS = (sandbox.url.removeprefix("http://"),)
    assert not is_public_site()
    return sandbox


def upload_of(world: World, color: str = "teal") -> Upload:
    out = io.BytesIO()
    Image.new("RGB", (320, 320), color).save(out, "PNG")
    return uploads.keep(actor=world.actor(), chunks=[out.getvalue()])


def images_of(task: dict[str, Any]) -> list[str]:
    found: list[str] = (task["body"].get("input") or task["body"])["image_urls"]
    return found


def again_and_again(jobs: Jobs, generation: Generation) -> Generation:
    """Runs every attempt to the end, with the pauses of back-off and circuit left out."""
    for _ in range(30):
        jobs.drain()
        generation.refresh_from_db()
        if generation.ended:
            return generation
        ProviderState.objects.update(open_until=None)
        jobs.ring()
    raise AssertionError(f"still {generation.status}")


@PROVIDERS
def test_a_public_site_hands_out_its_own_signed_address(
    provider: str, committed_world: World, sandbox: SandboxProcess, site: str, jobs: Jobs
) -> None:
    upload = upload_of(committed_world)
    generation = ask(committed_world, MODELS[provider], image_urls=[upload.public_id])
    (generation,) = jobs.until(generation.pk)
    assert generation.status == Status.SUCCEEDED
    (task,) = sandbox.tasks()
    assert images_of(task)[0].startswith(f"{site}/media/{upload.name}?")
    assert task["inputs_fetched"] == 1
    assert (sandbox.stats()["upload_requests"], ProviderCopy.objects.count()) == (0, 0)


@PROVIDERS
def test_a_hidden_site_hands_over_a_copy_once(
    provider: str, committed_world: World, hidden: SandboxProcess, jobs: Jobs
) -> None:
    upload = upload_of(committed_world)
    first = ask(committed_world, MODELS[provider], image_urls=[upload.public_id])
    second = ask(committed_world, MODELS[provider], "another", image_urls=[upload.public_id])
    assert {row.status for row in jobs.until(first.pk, second.pk)} == {Status.SUCCEEDED}
    copy = ProviderCopy.objects.get()
    assert (copy.upload, copy.provider) == (upload, provider)
    assert timedelta(hours=19) < copy.expires_at - db.now() < timedelta(hours=20)
    assert copy.url.startswith(f"{hidden.url}/files/")
    for task in hidden.tasks():
        assert images_of(task) == [copy.url]
        assert task["inputs_fetched"] == 1
    stats = hidden.stats()
    assert (stats["creates"], stats["uploads"], stats["upload_requests"]) == (2, {provider: 1}, 1)
    assert first.input["image_urls"] == [upload.public_id]


def test_each_provider_has_its_own_copy_and_an_old_one_is_made_anew(
    committed_world: World, hidden: SandboxProcess, jobs: Jobs
) -> None:
    upload = upload_of(committed_world)
    for slug in MODELS.values():
        jobs.until(ask(committed_world, slug, image_urls=[upload.public_id]).pk)
    assert hidden.stats()["uploads"] == {"kie": 1, "fal": 1}
    old = ProviderCopy.objects.get(provider="kie").url
    ProviderCopy.objects.update(expires_at=db.now() - timedelta(seconds=1))
    jobs.until(ask(committed_world, MODELS["kie"], "again", image_urls=[upload.public_id]).pk)
    assert hidden.stats()["uploads"] == {"kie": 2, "fal": 1}
    assert ProviderCopy.objects.get(provider="kie").url != old  # the same name would overwrite, and caches lag
    assert sweeps.sweep()["copies"] == 1
    assert [copy.provider for copy in ProviderCopy.objects.all()] == ["kie"]


def test_a_foreign_address_is_handed_on_as_it_is(committed_world: World, hidden: SandboxProcess, jobs: Jobs) -> None:
    upload = upload_of(committed_world)
    foreign = "https://img.example/a.png"
    generation = ask(committed_world, MODELS["kie"], image_urls=[foreign, upload.public_id])
    jobs.until(generation.pk)
    (task,) = hidden.tasks()
    assert images_of(task) == [foreign, ProviderCopy.objects.get().url]


@PROVIDERS
@pytest.mark.parametrize("fault", ["500", "garbage", "reset", "private", "no-address"])
def test_an_upload_service_that_fails_buys_nothing(
    fault: str, provider: str, committed_world: World, hidden: SandboxProcess, jobs: Jobs
) -> None:
    hidden.settings(upload_fault=fault)
    generation = ask(committed_world, MODELS[provider], image_urls=[upload_of(committed_world).public_id])
    generation = again_and_again(jobs, generation)
    assert (generation.status, generation.reason) == (Status.FAILED, Reason.PROVIDER_UNAVAILABLE)
    assert kinds(generation).count("requeued") == Attempt.MOST - 1
    assert "unknown" not in kinds(generation)
    attempts = list(Attempt.objects.filter(generation=generation))
    assert {attempt.outcome for attempt in attempts} == {AttemptOutcome.NOT_SENT}
    assert all(attempt.detail.startswith("upload: ") for attempt in attempts)
    assert (hidden.stats()["creates"], hidden.stats()["tasks"], hidden.stats()["credits"]) == (0, 0, 0)
    assert hidden.stats()["upload_requests"] == Attempt.MOST
    assert released_whole(committed_world, generation)


@pytest.mark.parametrize(("provider", "fault"), [("fal", "put-500"), ("kie", "short")])
def test_so_does_one_that_keeps_half(
    fault: str, provider: str, committed_world: World, hidden: SandboxProcess, jobs: Jobs
) -> None:
    hidden.settings(upload_fault=fault)
    generation = ask(committed_world, MODELS[provider], image_urls=[upload_of(committed_world).public_id])
    generation = again_and_again(jobs, generation)
    assert (generation.status, hidden.stats()["creates"]) == (Status.FAILED, 0)
    assert released_whole(committed_world, generation)


@PROVIDERS
def test_it_goes_on_by_itself_once_the_service_is_back(
    provider: str, committed_world: World, hidden: SandboxProcess, jobs: Jobs
) -> None:
    hidden.settings(upload_fault="500")
    generation = ask(committed_world, MODELS[provider], image_urls=[upload_of(committed_world).public_id])
    jobs.drain()
    generation.refresh_from_db()
    assert (generation.status, kinds(generation)[-1]) == (Status.QUEUED, "requeued")
    assert generation.next_action_at is not None
    assert generation.next_action_at > db.now()
    hidden.settings(upload_fault="")
    (generation,) = jobs.until(generation.pk)
    assert (generation.status, hidden.stats()["creates"]) == (Status.SUCCEEDED, 1)


@PROVIDERS
def test_a_service_that_hangs_is_not_waited_for_and_opens_the_circuit(
    provider: str, committed_world: World, hidden: SandboxProcess, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = hand_over.SECONDS
    monkeypatch.setattr(hand_over, "SECONDS", 1.5)
    hidden.settings(upload_fault="hang")
    image = upload_of(committed_world).public_id
    rows = [ask(committed_world, MODELS[provider], f"hang {n}", image_urls=[image]) for n in range(3)]
    jobs.drain()
    assert hidden.stats()["upload_requests"] == 1  # the other two did not hold a worker
    assert ProviderState.objects.get(provider=provider).open_until > db.now()  # type: ignore[operator]
    assert not Generation.objects.filter(pk__in=[row.pk for row in rows]).exclude(status=Status.QUEUED).exists()
    hidden.settings(upload_fault="")
    monkeypatch.setattr(hand_over, "SECONDS", usual)
    ProviderState.objects.update(open_until=None)
    assert {row.status for row in jobs.until(*(row.pk for row in rows))} == {Status.SUCCEEDED}
    assert (hidden.stats()["creates"], hidden.stats()["uploads"]) == (3, {provider: 1})


@PROVIDERS
@pytest.mark.parametrize("fault", ["401", "429"])
def test_a_refusal_is_what_it_is_of_a_create(
    fault: str, provider: str, committed_world: World, hidden: SandboxProcess, jobs: Jobs
) -> None:
    """401 is about our account: it fails at once. 429 asks for later: it waits."""
    hidden.settings(upload_fault=fault)
    generation = ask(committed_world, MODELS[provider], image_urls=[upload_of(committed_world).public_id])
    jobs.drain()
    generation.refresh_from_db()
    assert ProviderState.objects.get(provider=provider).open_until > db.now()  # type: ignore[operator]
    if fault == "401":
        assert (generation.status, generation.reason) == (Status.FAILED, Reason.PROVIDER_UNAVAILABLE)
        assert released_whole(committed_world, generation)
    else:
        assert generation.status == Status.QUEUED
    assert hidden.stats()["creates"] == 0


def test_a_vanished_file_buys_nothing(committed_world: World, hidden: SandboxProcess, jobs: Jobs) -> None:
    upload = upload_of(committed_world)
    generation = ask(committed_world, MODELS["kie"], image_urls=[upload.public_id])
    files.delete(upload.name)
    generation = again_and_again(jobs, generation)
    assert (generation.status, hidden.stats()["creates"]) == (Status.FAILED, 0)
    assert released_whole(committed_world, generation)
