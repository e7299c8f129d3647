"""What the database keeps of remembered settings: one row for a member and a model, of the member's own team."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts.models import Membership, Role, User
from generations.models import StudioSettings
from tests.invariants.scene import Scene


def _settings(scene: Scene, **fields: Any) -> StudioSettings:
    user = User.objects.create_user(f"{User.objects.count()}@example.com", "correct horse battery staple", name="x")
    member = Membership.objects.create(team=scene.team, user=user, role=Role.MEMBER)
    return StudioSettings.objects.create(**{"team": scene.team, "membership": member, "model": "veo", **fields})


@pytest.mark.parametrize("count", [0, 9, -1])
def test_a_count_that_cannot_be(scene: Scene, count: int) -> None:
    with pytest.raises(DatabaseError, match="studio_settings_count|count_check"), transaction.atomic():
        _settings(scene, count=count)


def test_a_second_row_of_a_member_and_model(scene: Scene) -> None:
    row = _settings(scene)
    with pytest.raises(DatabaseError, match="studio_settings_once"), transaction.atomic():
        StudioSettings.objects.create(team=scene.team, membership=row.membership, model="veo")
    StudioSettings.objects.create(team=scene.team, membership=row.membership, model="other")


def test_settings_of_another_team(scene: Scene) -> None:
    with transaction.atomic():
        _settings(scene, team=scene.other)
        with pytest.raises(DatabaseError, match="studio_settings_of_a_member_of_team"):
            scene.sql("set constraints all immediate")
        transaction.set_rollback(True)
