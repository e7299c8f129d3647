"""invariants.md T1 and L8: no row can point into another team, whatever a program does (composite foreign keys)."""

from __future__ import annotations

import uuid

import pytest
from django.db import DatabaseError, transaction

from generations.models import Generation, GenerationEvent
from project import ids
from tests.invariants.scene import DOLLAR, Scene

WALLS = {
    ("generations_generation", "generation_hold_of_team"): ("hold_id, team_id", "billing_hold"),
    ("generations_output", "output_of_team"): ("generation_id, team_id", "generations_generation"),
    ("generations_generation", "generation_in_a_batch_of_team"): ("batch_id, team_id", "generations_batch"),
    ("generations_batch", "batch_by_a_member_of_team"): ("membership_id, team_id", "accounts_membership"),
    ("generations_batch", "batch_by_a_key_of_team"): ("api_key_id, team_id", "accounts_apikey"),
    ("generations_generationevent", "generation_event_of_team"): ("generation_id, team_id", "generations_generation"),
}


def test_an_output_of_another_team(committed_scene: Scene) -> None:
    row = committed_scene.generation("storing")
    with pytest.raises(DatabaseError, match="output_of_team"), transaction.atomic():
        committed_scene.output(row, team=committed_scene.other)


def test_an_event_of_another_team(committed_scene: Scene) -> None:
    row = committed_scene.generation()
    with pytest.raises(DatabaseError, match="generation_event_of_team"), transaction.atomic():
        GenerationEvent.objects.create(generation=row, team=committed_scene.other, kind="moved")


def _paid_by_the_other_team(scene: Scene) -> None:
    generation_id = uuid.uuid4()
    with transaction.atomic():
        hold = scene.hold(team=scene.other, reference=ids.public("gen", generation_id))
        scene.unborn(hold=hold, generation_id=generation_id).save(force_insert=True)


def test_a_hold_of_another_team(committed_scene: Scene) -> None:
    with pytest.raises(DatabaseError, match="generation_hold_of_team"):
        _paid_by_the_other_team(committed_scene)


@pytest.mark.parametrize("kind", ["hold", "capture", "release", "grant", "topup", "reversal"])
def test_L8_no_transfer_crosses_teams(scene: Scene, kind: str) -> None:
    """Of whatever kind, between whichever accounts of two teams."""
    own = [scene.account("available"), scene.account("held")]
    others = [scene.account("available", scene.other), scene.account("held", scene.other)]
    holds = {"hold": scene.bare_hold("test_wall"), "capture": scene.hold(), "release": scene.hold()}
    before = scene.fingerprint()
    for debit, credit in [(a, b) for a in own for b in others] + [(b, a) for a in own for b in others]:
        payment = scene.payment() if kind == "topup" else None
        with pytest.raises(DatabaseError, match="cross-team transfer"), transaction.atomic():
            scene.transfer(kind, debit, credit, DOLLAR, hold=holds.get(kind), payment=payment)
    assert scene.fingerprint() == before
    scene.sql("set constraints all deferred")
    with transaction.atomic():  # the bare hold is not to be committed
        scene.transfer("hold", own[0], own[1], DOLLAR, hold=holds["hold"])


@pytest.mark.parametrize(("wall", "columns"), WALLS.items(), ids=[name for _, name in WALLS])
def test_the_walls_stand_and_are_believed(scene: Scene, wall: tuple[str, str], columns: tuple[str, str]) -> None:
    """Each is a validated foreign key of both columns."""
    rows = scene.sql(
        """select pg_get_constraintdef(oid), convalidated from pg_constraint
           where conrelid = %s::regclass and conname = %s""",
        *wall,
    )
    assert len(rows) == 1
    assert rows[0][0].startswith(f"FOREIGN KEY ({columns[0]}) REFERENCES {columns[1]}(id, team_id)")
    assert rows[0][1] is True


def test_no_generation_changes_its_team(scene: Scene) -> None:
    row = scene.generation()
    with pytest.raises(DatabaseError, match="are fixed"), transaction.atomic():
        Generation.objects.filter(pk=row.pk).update(team=scene.other)
