"""faults.md B1, invariants.md G10: what a create brings back after its generation has ended changes no money and no
state, whatever it is, and never fails the job that brings it."""

from __future__ import annotations

import pytest

from billing import reconcile
from generations import outcomes, submission
from generations.models import Reason
from generations.providers import base
from tests.invariants.refusals import ALL_CHECKS
from tests.invariants.steps import accept, claim
from tests.world import World

ANSWERS = [
    (base.Accepted("task"), "accepted"),
    (base.NotSent("refused connection"), "not_sent"),
    (base.TryLater("429"), "refused"),
    (base.RefusedInput("422"), "refused"),
    (base.RefusedAccount("402"), "refused"),
    (base.Unknown("read timeout"), "unknown"),
]


@pytest.mark.parametrize(("answer", "outcome"), ANSWERS, ids=[type(answer).__name__ for answer, _ in ANSWERS])
def test_an_answer_after_the_deadline(committed_world: World, answer: base.CreateResult, outcome: str) -> None:
    """The sweep failed it while the worker was still waiting for the provider."""
    row = accept(committed_world.actor(), "flux-kontext-pro", {"prompt": "a harbor"})
    claimed = claim()
    outcomes.fail(generation_id=row.pk, reason=Reason.OUTCOME_UNKNOWN)
    submission.settle_attempt(claimed, answer, provider="kie")
    row.refresh_from_db()
    assert (row.status, row.reason, row.charged, row.hold.state) == ("failed", "outcome_unknown", 0, "released")
    assert row.attempts.get().outcome == outcome
    assert reconcile.failures(ALL_CHECKS) == []
