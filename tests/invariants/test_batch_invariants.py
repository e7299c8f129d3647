"""What the database keeps of batches (migration 0007): a batch is what its generations are, once and for all."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from generations.models import Batch, Generation
from tests.invariants.scene import DOLLAR, Scene

LIES: list[dict[str, Any]] = [
    {"price": DOLLAR - 1},
    {"held": DOLLAR + 1},
    {"count": 2, "accepted": 2, "items": [{}, {}]},
    {"items": []},
    {"count": 2},
]


@pytest.mark.parametrize("fields", LIES, ids=str)
def test_a_batch_that_says_otherwise(committed_scene: Scene, fields: dict[str, Any]) -> None:
    with pytest.raises(DatabaseError, match="a batch is what its generations are"):
        committed_scene.batch(**fields)
    assert not Batch.objects.exists()
    assert not Generation.objects.exists()


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"mode": "any"}, "batch_mode_known"),
        ({"mode": "all", "count": 2}, "batch_of_all_is_whole"),
        ({"stop_at": DOLLAR - 1}, "batch_holds_no_more_than_stop_at"),
        ({"accepted": 0}, "batch_size"),
        ({"count": 101}, "batch_size"),
        ({"held": DOLLAR - 1}, "batch_amounts"),
    ],
)
def test_a_batch_that_cannot_be(scene: Scene, fields: dict[str, Any], rule: str) -> None:
    with pytest.raises(DatabaseError, match=rule), transaction.atomic():
        scene.batch(**fields)


def test_nothing_is_added_to_a_batch(committed_scene: Scene) -> None:
    batch = committed_scene.batch()
    with pytest.raises(DatabaseError, match="a batch is what its generations are"):
        committed_scene.generation(batch_id=batch.pk, batch_index=1)
    with pytest.raises(DatabaseError, match="generation_once_in_batch"):
        committed_scene.generation(batch_id=batch.pk, batch_index=0)
    assert Generation.objects.count() == 1


def test_a_batch_of_another_team(committed_scene: Scene) -> None:
    batch = committed_scene.batch()
    with pytest.raises(DatabaseError, match="generation_in_a_batch_of_team|a batch is what its generations are"):
        committed_scene.generation(team=committed_scene.other, batch_id=batch.pk, batch_index=1)


def test_a_place_in_a_batch_is_fixed(scene: Scene) -> None:
    batch, other = scene.batch(), scene.generation()
    changes: list[tuple[Generation, dict[str, Any]]] = [
        (batch.generations.get(), {"batch_index": 1}),
        (batch.generations.get(), {"batch": None, "batch_index": None}),
        (other, {"batch": batch, "batch_index": 1}),
    ]
    for row, fields in changes:
        with pytest.raises(DatabaseError, match="the batch of a generation is fixed"), transaction.atomic():
            Generation.objects.filter(pk=row.pk).update(**fields)
    with pytest.raises(DatabaseError, match="has_a_place_in_its_batch"), transaction.atomic():
        scene.generation(batch_index=0)
