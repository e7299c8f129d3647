"""invariants.md Appendix D, At COMMIT: money and state must agree when the transaction ends (G2)."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models.functions import Now

from billing import holds
from generations import states
from generations.models import Generation, Reason, Status
from project import ids
from tests.invariants.refusals import Statement, each, expect_refusal
from tests.invariants.scene import DOLLAR, Scene

HALF = DOLLAR // 2


def _end(row: Generation, to: Status, *, charged: int = 0, outputs: int = 0, **more: Any) -> None:
    """Sets the status and its columns, without moving money."""
    fields: dict[str, Any] = {"charged": charged, "finished_at": Now(), "output_count": outputs}
    if to == Status.FAILED:
        fields["reason"] = Reason.PROVIDER_FAILED
    states.move(row, to=to, event="moved", actor="test", **(fields | more))


def _settle(row: Generation, capture: int) -> None:
    holds.settle(hold_id=row.hold_id, capture=capture, actor="test", reason="test")


def _without_hold(scene: Scene, _: Any) -> None:
    """The hold that the row names does not exist."""
    row = scene.unborn(hold=scene.hold(), generation_id=uuid.uuid4())
    row.hold_id = uuid.uuid4()
    row.save(force_insert=True)


def _without_hold_transfer(scene: Scene, _: Any) -> None:
    generation_id = uuid.uuid4()
    hold = scene.bare_hold(ids.public("gen", generation_id))
    scene.unborn(hold=hold, generation_id=generation_id).save(force_insert=True)


def _failed_with_capture(scene: Scene, row: Generation) -> None:
    _settle(row, DOLLAR)
    _end(row, Status.FAILED, charged=DOLLAR)


def _failed_with_hidden_capture(scene: Scene, row: Generation) -> None:
    _settle(row, HALF)
    _end(row, Status.FAILED)


def _succeeded(scene: Scene, row: Generation, *, capture: int, charged: int, stored: int, counted: int) -> None:
    for index in range(stored):
        scene.output(row, index=index)
    _settle(row, capture)
    _end(row, Status.SUCCEEDED, charged=charged, outputs=counted)


def _partial_capture_no_release(scene: Scene, row: Generation) -> None:
    scene.output(row)
    scene.capture(row.hold, HALF)
    _end(row, Status.SUCCEEDED, charged=HALF, outputs=1)


def _storing(scene: Scene) -> Generation:
    return scene.generation("storing")


def _queued(scene: Scene) -> Generation:
    return scene.generation()


def _succeeds(name: str, says: str, **how: int) -> Statement:
    return Statement(name, says, lambda scene, row: _succeeded(scene, row, **how), before=_storing)


STATEMENTS = [
    Statement("generation without hold", "hold", _without_hold),
    Statement("generation without hold transfer", "hold row without hold transfer", _without_hold_transfer),
    Statement(
        "full capture while queued",
        "status queued but hold captured",
        lambda scene, row: scene.capture(row.hold, DOLLAR),
        before=_queued,
    ),
    Statement(
        "partial capture while queued",
        "an open hold is whole",
        lambda scene, row: scene.capture(row.hold, HALF),
        before=_queued,
    ),
    Statement(
        "partial release while queued",
        "an open hold is whole",
        lambda scene, row: scene.release(row.hold, HALF),
        before=_queued,
    ),
    Statement(
        "failed with an open hold",
        "status failed but hold open",
        lambda scene, row: _end(row, Status.FAILED),
        before=_queued,
    ),
    Statement(
        "canceled with an open hold",
        "status canceled but hold open",
        lambda scene, row: _end(row, Status.CANCELED),
        before=_queued,
    ),
    Statement(
        "succeeded with an open hold",
        "status succeeded but hold open",
        lambda scene, row: (scene.output(row), _end(row, Status.SUCCEEDED, charged=DOLLAR, outputs=1)),
        before=_storing,
    ),
    Statement("failed with a capture", "status failed but hold captured", _failed_with_capture, before=_queued),
    Statement(
        "failed with a capture that it hides",
        "status failed but hold captured",
        _failed_with_hidden_capture,
        before=_queued,
    ),
    _succeeds(
        "succeeded with a release", "status succeeded but hold released", capture=0, charged=1, stored=1, counted=1
    ),
    _succeeds(
        "succeeded with a release and no charge", "success without charge", capture=0, charged=0, stored=1, counted=1
    ),
    _succeeds(
        "succeeded without outputs",
        "generation_success_has_output",
        capture=DOLLAR,
        charged=DOLLAR,
        stored=0,
        counted=0,
    ),
    _succeeds(
        "succeeded without stored outputs",
        "success without its stored outputs",
        capture=DOLLAR,
        charged=DOLLAR,
        stored=0,
        counted=1,
    ),
    Statement(
        "succeeded with a partial capture and no release",
        "status succeeded but hold open",
        _partial_capture_no_release,
        before=_storing,
    ),
    # Beyond Appendix D.
    Statement(
        "full release while running",
        "status running but hold released",
        lambda scene, row: scene.release(row.hold, DOLLAR),
        before=lambda scene: scene.generation("running"),
    ),
    _succeeds(
        "charged more than captured",
        "charged 500001 but captured 500000",
        capture=HALF,
        charged=HALF + 1,
        stored=1,
        counted=1,
    ),
    _succeeds(
        "charged less than captured", "charged 1 but captured 500000", capture=HALF, charged=1, stored=1, counted=1
    ),
    _succeeds(
        "more outputs than requested",
        "more outputs than requested",
        capture=DOLLAR,
        charged=DOLLAR,
        stored=3,
        counted=3,
    ),
    _succeeds(
        "fewer outputs counted than stored",
        "success without its stored outputs",
        capture=DOLLAR,
        charged=DOLLAR,
        stored=2,
        counted=1,
    ),
    Statement(
        "text without a text",
        "success without text",
        lambda scene, row: (_settle(row, DOLLAR), _end(row, Status.SUCCEEDED, charged=DOLLAR, outputs=1)),
        before=lambda scene: scene.generation("storing", kind="text"),
    ),
]


@each(STATEMENTS)
def test_refused(committed_scene: Scene, statement: Statement) -> None:
    expect_refusal(committed_scene, statement)


def test_the_right_ends_are_allowed(committed_scene: Scene) -> None:
    """What the refused statements do wrong is their only fault."""
    ends = {status: committed_scene.generation(status) for status in ("succeeded", "failed", "canceled")}
    assert [row.charged for row in ends.values()] == [DOLLAR, 0, 0]
    assert [row.hold.state for row in ends.values()] == ["captured", "released", "released"]
