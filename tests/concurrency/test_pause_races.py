"""A pause beside claims: each claim has seen it, or had claimed before it."""

from __future__ import annotations

from accounts import audit
from generations import claims
from generations.models import Attempt, Generation, Pause
from generations.oversight import pauses
from project.errors import Conflict
from tests.concurrency.racing import race, split
from tests.invariants.steps import accept
from tests.oversight.conftest import staff_of
from tests.world import World


def test_no_claim_is_made_after_a_pause(committed_world: World) -> None:
    for _ in range(8):
        accept(committed_world.actor(), "flux-kontext-pro", {"prompt": "mine"})
    by = audit.Staff(staff_of("grace"))

    def stop() -> None:
        pauses.pause(scope="provider", name="kie", note="for a while", reason="race", by=by)

    claim = [lambda: claims.claim(provider="kie")] * 4
    results = race([*claim, stop, *claim])
    assert not [result for result in results if isinstance(result, Exception)]
    paused_at = Pause.objects.get().paused_at
    assert all(attempt.created_at <= paused_at for attempt in Attempt.objects.all())
    made = sum(isinstance(result, claims.Claim) for result in results)
    assert Generation.objects.filter(status="submitting").count() == made
    assert claims.claim(provider="kie") is None


def test_two_who_pause_at_once_set_one(committed_world: World) -> None:
    staff = [audit.Staff(staff_of(name)) for name in ("grace", "henry", "iris")]
    works = [
        lambda by=by: pauses.pause(scope="model", name="veo-3.1-fast", note="n", reason="r", by=by)  # type: ignore[misc]
        for by in staff
    ]
    rows, raised = split(race(works))
    assert len(rows) == 1
    assert all(isinstance(error, Conflict) for error in raised)
    assert Pause.objects.count() == 1
