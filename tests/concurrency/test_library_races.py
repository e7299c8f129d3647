"""Tags, and what is deleted, by several at once; and deleting what is just being stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.models import AuditEvent
from generations import files, labels, observation, outcomes, removals, storage
from generations.models import Generation, Output, Removal, Tag, Tagging
from generations.providers import base
from tests.concurrency.racing import race, split
from tests.invariants.steps import accept, run, store_rows
from tests.world import World

DATA = {"prompt": "a race"}


def _made(world: World) -> Generation:
    row = run(accept(world.actor(world.bob), "flux-kontext-pro", DATA))
    observation.finish(generation_id=row.pk, done=base.Done(sources=["https://example.com/0.png"], cost=25_000))
    store_rows(row, 1)
    return outcomes.succeed(generation_id=row.pk)


def test_the_same_new_tag_and_the_last_place(committed_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = committed_world.actor(committed_world.alice), committed_world.actor(committed_world.bob)
    row = accept(bob, "flux-kontext-pro", DATA)
    same: list[Callable[[], Any]] = [
        lambda actor=actor, name=name: labels.tag(actor=actor, generations=[row], name=name)  # type: ignore[misc]
        for actor in (alice, bob)
        for name in ("Foxes", "foxes", "FOXES")
    ]
    done, raised = split(race(same))
    assert raised == []
    assert len(set(done)) == 1
    assert (Tag.objects.count(), Tagging.objects.count()) == (1, 1)
    monkeypatch.setattr(labels, "MOST_OF_A_GENERATION", 3)
    many: list[Callable[[], Any]] = [
        lambda n=n: labels.tag(actor=bob, generations=[row], name=f"tag {n}")  # type: ignore[misc]
        for n in range(6)
    ]
    done, raised = split(race(many))
    assert (len(done), len(raised)) == (2, 4)
    assert Tagging.objects.count() == 3
    twice: list[Callable[[], Any]] = [lambda: labels.favour(actor=bob, generations=[row])] * 4
    assert split(race(twice)) == ([None] * 4, [])


def test_two_deletions_and_two_jobs_at_once(committed_world: World) -> None:
    rows = [_made(committed_world) for _ in range(3)]
    names = list(Output.objects.values_list("name", flat=True))
    for name in names:
        default_storage.save(name, ContentFile(b"x"))
    alice, bob = committed_world.actor(committed_world.alice), committed_world.actor(committed_world.bob)
    works: list[Callable[[], Any]] = [
        lambda actor=actor, some=some: removals.remove(actor=actor, generations=some)  # type: ignore[misc]
        for actor, some in ((alice, rows), (bob, rows[::-1]), (alice, rows[1:]), (bob, rows[:2]))
    ]
    done, raised = split(race(works))
    assert raised == []
    assert sum(done) == 3
    assert Removal.objects.count() == 3
    for row in rows:
        assert row.events.filter(kind="outputs_deleted").count() == 1
    assert AuditEvent.objects.filter(action="generation.outputs_deleted").count() == sum(count > 0 for count in done)
    gone, raised = split(race([removals.drop_files] * 4))
    assert (sum(gone), raised) == (3, [])
    assert not any(default_storage.exists(name) for name in names)


def test_a_file_that_is_stored_after_the_deletion_goes_again(
    committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow job fetched the same output; meanwhile another ended the generation and its team deleted what it made."""
    row = run(accept(committed_world.actor(committed_world.bob), "flux-kontext-pro", DATA))
    observation.finish(generation_id=row.pk, done=base.Done(sources=["https://example.com/0.png"], cost=25_000))
    stem = f"teams/{row.team_id}/{row.pk}/0"

    def receive(source: str, **how: Any) -> files.StoredFile:
        store_rows(row, 1)
        outcomes.succeed(generation_id=row.pk)
        removals.remove(actor=committed_world.actor(committed_world.bob), generations=[row])
        assert removals.drop_files() == 1
        for name in (f"{stem}.png", f"{stem}.preview.webp"):
            default_storage.save(name, ContentFile(b"x"))
        return files.StoredFile(f"{stem}.png", "image/png", 1, "0" * 64, 8, 8, preview_name=f"{stem}.preview.webp")

    monkeypatch.setattr(files, "receive", receive)
    storage.store(generation_id=row.pk)
    row.refresh_from_db()
    assert row.status == "succeeded"
    assert not default_storage.exists(f"{stem}.png")
    assert not default_storage.exists(f"{stem}.preview.webp")
