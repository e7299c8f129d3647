"""What the database keeps of favourites, tags, removals and of what an event told (generations 0010, 0011, accounts
0013): each inside its team, a removal only onwards, a text blanked only by one."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts.models import Membership, OutgoingEvent, Role, User
from generations.models import Favourite, Generation, Removal, Tag, Tagging
from project import db
from tests.invariants.scene import Scene


def _member(scene: Scene) -> Membership:
    user = User.objects.create_user(f"{User.objects.count()}@example.com", "correct horse battery staple", name="x")
    return Membership.objects.create(team=scene.team, user=user, role=Role.MEMBER)


def _tag(scene: Scene, name: str = "foxes", **more: Any) -> Tag:
    return Tag.objects.create(**{"team": scene.team, "name": name, "created_by": "test", **more})


def _removed(scene: Scene, row: Generation, **more: Any) -> Removal:
    return Removal.objects.create(**{"generation": row, "team": scene.team, "removed_by": "user:1", **more})


def _refused_at_commit(scene: Scene, rule: str, make: Any) -> None:
    with transaction.atomic():
        make()
        with pytest.raises(DatabaseError, match=rule):
            scene.sql("set constraints all immediate")
        transaction.set_rollback(True)


def test_labels_of_another_team(scene: Scene) -> None:
    row, member, tag, theirs = scene.generation(), _member(scene), _tag(scene), _tag(scene, team=scene.other)
    scene.sql("set constraints all immediate")
    scene.sql("set constraints all deferred")
    made_by: dict[str, Any] = {"created_by": "test", "generation": row}
    for rule, make in (
        ("favourite_of_a_member_of_team|favourite_of_team",
         lambda: Favourite.objects.create(team=scene.other, membership=member, generation=row)),
        ("tagging_by_a_tag_of_team|tagging_of_team",
         lambda: Tagging.objects.create(team=scene.other, tag=tag, **made_by)),
        ("tagging_by_a_tag_of_team", lambda: Tagging.objects.create(team=scene.team, tag=theirs, **made_by)),
        ("tagging_of_team", lambda: Tagging.objects.create(team=scene.other, tag=theirs, **made_by)),
    ):  # fmt: skip
        _refused_at_commit(scene, rule, make)


def test_labels_twice(scene: Scene) -> None:
    row, member, tag = scene.generation(), _member(scene), _tag(scene)
    Favourite.objects.create(team=scene.team, membership=member, generation=row)
    Tagging.objects.create(team=scene.team, tag=tag, generation=row, created_by="test")
    with pytest.raises(DatabaseError, match="favourite_once"), transaction.atomic():
        Favourite.objects.create(team=scene.team, membership=member, generation=row)
    with pytest.raises(DatabaseError, match="tagging_once"), transaction.atomic():
        Tagging.objects.create(team=scene.team, tag=tag, generation=row, created_by="test")
    with pytest.raises(DatabaseError, match="tag_name_once"), transaction.atomic():
        _tag(scene, "FOXES")
    _tag(scene, "FOXES", team=scene.other)


@pytest.mark.parametrize("name", ["", " ", " foxes", "foxes "])
def test_a_name_that_is_no_word(scene: Scene, name: str) -> None:
    with pytest.raises(DatabaseError, match="tag_name_is_a_word"), transaction.atomic():
        _tag(scene, name)


@pytest.mark.parametrize("status", ["queued", "running", "storing", "unknown"])
def test_a_removal_before_the_end(scene: Scene, status: str) -> None:
    row = scene.generation(status)
    with pytest.raises(DatabaseError, match="has not ended"), transaction.atomic():
        _removed(scene, row)


def test_a_removal_only_goes_onwards(scene: Scene) -> None:
    row, other = scene.generation("succeeded"), scene.generation("succeeded")
    removal, moment = _removed(scene, row), db.now()
    rows = Removal.objects.filter(pk=removal.pk)
    rows.update(next_try_at=moment)
    changes: list[dict[str, Any]] = [{"removed_by": "x"}, {"removed_at": moment}, {"generation": other}]
    for change in changes:
        with pytest.raises(DatabaseError, match="never taken back"), transaction.atomic():
            rows.update(**change)
    rows.update(files_gone_at=moment)
    more: list[dict[str, Any]] = [{"files_gone_at": None}, {"next_try_at": moment}]
    for change in more:
        with pytest.raises(DatabaseError, match="never taken back"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(DatabaseError, match="generations_removal_pkey"), transaction.atomic():
        _removed(scene, row)
    _refused_at_commit(scene, "removal_of_team", lambda: _removed(scene, other, team=scene.other))


def test_what_was_made_goes_and_its_rows_stay(scene: Scene) -> None:
    row = scene.generation("succeeded")
    _removed(scene, row)
    changes: list[dict[str, Any]] = [{"receipt": {}}, {"charged": 0}, {"text": "another"}, {"output_count": 0}]
    for change in changes:
        with pytest.raises(DatabaseError, match="stays as it ended"), transaction.atomic():
            Generation.objects.filter(pk=row.pk).update(**change)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        row.outputs.all().delete()


def test_a_text_is_blanked_by_a_removal_only(scene: Scene) -> None:
    row = scene.generation("succeeded", kind="text", text="a dog, sharp")
    scene.sql("set constraints all immediate")
    scene.sql("set constraints all deferred")
    rows = Generation.objects.filter(pk=row.pk)
    with pytest.raises(DatabaseError, match="stays as it ended"), transaction.atomic():
        rows.update(text="")
    _removed(scene, row)
    with pytest.raises(DatabaseError, match="stays as it ended"), transaction.atomic():
        rows.update(text="another")
    rows.update(text="")
    scene.sql("set constraints all immediate")
    with pytest.raises(DatabaseError, match="stays as it ended"), transaction.atomic():
        rows.update(text="a dog, sharp")


def test_an_event_is_replaced_once_and_nothing_else_of_it(scene: Scene) -> None:
    event = OutgoingEvent.objects.create(team=scene.team, type="wallet.low", subject="a", sequence=1, payload={"a": 1})
    rows = OutgoingEvent.objects.filter(pk=event.pk)
    first: list[dict[str, Any]] = [{"payload": {}}, {"files": {"a": "b"}}, {"payload": {}, "replaced": {"a": None}}]
    for change in first:
        with pytest.raises(DatabaseError, match="append-only for 30 days"), transaction.atomic():
            rows.update(**change)
    rows.update(replaced={"a": None})
    more: list[dict[str, Any]] = [{"replaced": {"a": 2}}, {"replaced": None}, {"sequence": 2}]
    for change in more:
        with pytest.raises(DatabaseError, match="append-only for 30 days"), transaction.atomic():
            rows.update(**change)
