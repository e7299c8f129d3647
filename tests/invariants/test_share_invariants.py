"""What the database keeps of share links (migrations 0009, 0010): a link only ends, once, and stays with its team."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from generations.models import Share
from project import db
from tests.invariants.scene import Scene

DAY = timedelta(days=1)


def share(scene: Scene, **fields: Any) -> Share:
    given = {"team": scene.team, "created_by": "user:1", "expires_at": db.now() + DAY}
    if "generation" not in fields:
        fields["generation"] = scene.generation("succeeded")
    return Share.objects.create(**(given | fields))


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"expires_at": db.now}, "share_expires_after_birth"),
        ({"revoked_at": db.now}, "share_revoked_by_somebody"),
        ({"revoked_by": "user:1"}, "share_revoked_by_somebody"),
    ],
    ids=["ends-before-it-begins", "revoked-by-nobody", "revoked-at-no-time"],
)
def test_a_link_that_cannot_be(scene: Scene, fields: dict[str, Any], rule: str) -> None:
    values = {name: value() if callable(value) else value for name, value in fields.items()}
    with pytest.raises(DatabaseError, match=rule), transaction.atomic():
        share(scene, created_at=db.now() + timedelta(seconds=1), **values)
    assert not Share.objects.exists()


def test_a_link_to_another_teams_generation(committed_scene: Scene) -> None:
    row = committed_scene.generation("succeeded")
    with pytest.raises(DatabaseError, match="share_of_team"), transaction.atomic():
        share(committed_scene, generation=row, team=committed_scene.other)


def test_a_link_can_only_be_revoked_and_only_once(scene: Scene) -> None:
    made = share(scene)
    changes: list[dict[str, Any]] = [
        {"id": uuid.uuid4()},
        {"team": scene.other},
        {"generation": scene.generation("succeeded")},
        {"shows_inputs": True},
        {"created_by": "user:2"},
        {"created_at": db.now() - DAY},
        {"expires_at": db.now() + 2 * DAY},
    ]
    rows = Share.objects.filter(pk=made.pk)
    for change in changes:
        with pytest.raises(DatabaseError, match="a share can only be revoked, once"), transaction.atomic():
            rows.update(**change)
    rows.update(revoked_at=db.now(), revoked_by="user:1")
    for change in ({"revoked_at": None, "revoked_by": ""}, {"revoked_at": db.now()}, {"revoked_by": "user:2"}):
        with pytest.raises(DatabaseError, match="a share can only be revoked, once"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(DatabaseError, match="share_pkey|generations_share"), transaction.atomic():
        share(scene, id=made.id, generation=made.generation)
