"""invariants.md Appendix D, Hold: with real commits, because some of these are refused at COMMIT only."""

from __future__ import annotations

import uuid
from typing import Any

from billing.models import Hold
from generations.models import Generation
from project import ids
from tests.invariants.refusals import Statement, each, expect_refusal
from tests.invariants.scene import DOLLAR, Scene


def _hold_of_other_for_new(scene: Scene, _: Any) -> None:
    """Our team's new generation is paid by the other team's hold."""
    generation_id = uuid.uuid4()
    hold = scene.hold(team=scene.other, reference=ids.public("gen", generation_id))
    scene.unborn(hold=hold, generation_id=generation_id).save(force_insert=True)


def _hold_of_other_for_existing(scene: Scene, generation: Generation) -> None:
    scene.hold(team=scene.other, reference=generation.public_id)


def _hold_other_than_quote(scene: Scene, _: Any) -> None:
    generation_id = uuid.uuid4()
    hold = scene.hold(reference=ids.public("gen", generation_id))
    scene.unborn(hold=hold, generation_id=generation_id, hold_amount=DOLLAR - 1).save(force_insert=True)


def _transfer_other_than_hold(scene: Scene, _: Any) -> None:
    hold = scene.bare_hold("test_cheap")
    scene.transfer("hold", scene.account("available"), scene.account("held"), DOLLAR - 1, hold=hold)


def _capture_before_hold(scene: Scene, _: Any) -> None:
    scene.hold()
    scene.capture(scene.bare_hold("test_eager"), DOLLAR)


def _set(scene: Scene, hold: Hold, assignments: str) -> None:
    scene.sql(f"update billing_hold set {assignments} where id = %s", hold.pk)


def _captured_whole(scene: Scene) -> Hold:
    hold = scene.hold()
    scene.capture(hold, DOLLAR)
    scene.hold()
    return hold


def _captured_half(scene: Scene) -> Hold:
    hold = scene.hold()
    scene.capture(hold, DOLLAR // 2)
    scene.release(hold, DOLLAR // 2)
    scene.hold()
    return hold


STATEMENTS = [
    Statement(
        "capture above held",
        "hold_not_exceeded|account_no_overdraft",
        lambda scene, hold: scene.capture(hold, DOLLAR + 1),
        before=lambda scene: scene.hold(),
    ),
    Statement(
        "capture above the hold with other credit held",
        "hold_not_exceeded",
        lambda scene, holds: scene.capture(holds[0], DOLLAR + 1),
        before=lambda scene: (scene.hold(), scene.hold()),
    ),
    Statement(
        "second hold of a generation",
        "billing_hold_reference",
        lambda scene, generation: scene.hold(reference=generation.public_id),
        before=lambda scene: scene.generation(),
    ),
    Statement("hold for another team's new generation", "generation_hold_of_team", _hold_of_other_for_new),
    Statement(
        "hold for another team's generation that has one",
        "billing_hold_reference",
        _hold_of_other_for_existing,
        before=lambda scene: scene.generation(),
    ),
    Statement("hold other than the quote", "hold differs from quote", _hold_other_than_quote),
    Statement(
        "hold born captured",
        "holds start open and whole",
        lambda scene, _: scene.bare_hold("test_born", captured=DOLLAR),
    ),
    Statement(
        "hold settled by hand",
        "holds settle only by transfer",
        lambda scene, hold: _set(scene, hold, "captured = amount, state = 'captured'"),
        before=lambda scene: scene.hold(),
    ),
    Statement(
        "hold amount changed",
        "hold identity is fixed",
        lambda scene, hold: _set(scene, hold, "amount = amount + 1"),
        before=lambda scene: scene.hold(),
    ),
    Statement(
        "hold deleted",
        "billing_hold is append-only",
        lambda scene, hold: scene.sql("delete from billing_hold where id = %s", hold.pk),
        before=lambda scene: scene.hold(),
    ),
    Statement(
        "second capture",
        "transfer_one_capture|hold_not_exceeded",
        lambda scene, hold: scene.capture(hold, 1),
        before=_captured_half,
    ),
    Statement(
        "release after full capture",
        "hold_not_exceeded",
        lambda scene, hold: scene.release(hold, 1),
        before=_captured_whole,
    ),
    # Beyond Appendix D.
    Statement(
        "second capture beside an unsettled rest",
        "transfer_one_capture",
        lambda scene, hold: scene.capture(hold, 1),
        before=lambda scene: _with(scene.hold(), lambda hold: scene.capture(hold, 1)),
    ),
    Statement(
        "second release beside an unsettled rest",
        "transfer_one_release",
        lambda scene, hold: scene.release(hold, 1),
        before=lambda scene: _with(scene.hold(), lambda hold: scene.release(hold, 1)),
    ),
    Statement(
        "second hold transfer",
        "transfer_one_hold",
        lambda scene, hold: scene.transfer(
            "hold", scene.account("available"), scene.account("held"), DOLLAR, hold=hold
        ),
        before=lambda scene: scene.hold(),
    ),
    Statement("hold without its transfer", "hold row without hold transfer", lambda s, _: s.bare_hold("test_bare")),
    Statement("hold transfer other than the hold", "hold amount", _transfer_other_than_hold),
    Statement("capture before the hold transfer", "not held", _capture_before_hold),
    Statement(
        "hold without its generation",
        "hold without its generation",
        lambda scene, _: scene.hold(reference=ids.public("gen", uuid.uuid4())),
    ),
    Statement(
        "hold given to another team",
        "hold identity is fixed",
        lambda scene, hold: _set(scene, hold, f"team_id = {scene.other.pk}"),
        before=lambda scene: scene.hold(),
    ),
    Statement(
        "capture of another team's hold",
        "hold of another team",
        lambda scene, hold: scene.transfer(
            "capture", scene.account("held"), scene.account("revenue"), DOLLAR, hold=hold
        ),
        before=lambda scene: (scene.hold(), scene.hold(team=scene.other))[1],
    ),
    Statement(
        "release to another team",
        "cross-team transfer",
        lambda scene, hold: scene.transfer(
            "release", scene.account("held"), scene.account("available", scene.other), DOLLAR, hold=hold
        ),
        before=lambda scene: scene.hold(),
    ),
    Statement(
        "generation paid by another generation's hold",
        "hold of another generation|generations_generation_hold",
        lambda scene, generation: scene.unborn(hold=generation.hold, generation_id=uuid.uuid4()).save(
            force_insert=True
        ),
        before=lambda scene: scene.generation(),
    ),
    Statement("hold of nothing", "hold_amount", lambda scene, _: scene.bare_hold("test_free", amount=0)),
]


def _with(hold: Hold, act: Any) -> Hold:
    act(hold)
    return hold


@each(STATEMENTS)
def test_refused(committed_scene: Scene, statement: Statement) -> None:
    expect_refusal(committed_scene, statement)
