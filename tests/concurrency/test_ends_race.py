"""invariants.md H3, L5, G2, section 7: whatever happens at once to one generation, it ends once and is settled once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from billing import ledger, reconcile
from billing.models import Transfer
from generations import claims, observation, outcomes, submission
from generations.models import Attempt, Generation, Reason
from generations.providers import base
from project import db
from project.errors import Conflict
from tests.concurrency.racing import race, split
from tests.invariants.refusals import ALL_CHECKS
from tests.invariants.steps import accept, claim, run, store_rows
from tests.world import FIRST_CREDIT, World

ROUNDS = range(8)
PRICE = 25_000
DATA = {"prompt": "a race"}
DONE = base.Done(sources=["https://example.com/0.png"], cost=PRICE)


def _queued(world: World) -> Generation:
    return accept(world.actor(), "flux-kontext-pro", DATA)


def _storing(world: World) -> Generation:
    row = run(_queued(world))
    observation.finish(generation_id=row.pk, done=DONE)
    store_rows(row, 1)
    return row


def _settled_once(world: World, row: Generation) -> Generation:
    """The generation has ended, its money moved as its status says, and no other way."""
    row.refresh_from_db()
    kinds = sorted(Transfer.objects.filter(hold_id=row.hold_id).values_list("kind", flat=True))
    assert kinds == (["capture", "hold"] if row.status == "succeeded" else ["hold", "release"])
    assert row.events.filter(kind__in=["succeeded", "failed", "canceled"]).count() == 1
    wallet = ledger.wallet(world.team.pk)
    charged = sum(Generation.objects.filter(charged__gt=0).values_list("charged", flat=True))
    assert (wallet.available.balance, wallet.held.balance) == (FIRST_CREDIT - charged, 0)
    assert reconcile.failures(ALL_CHECKS) == []
    return row


def test_cancel_races_claim(committed_world: World) -> None:
    """Either it is canceled and never claimed, or it is claimed and cannot be canceled."""
    for _ in ROUNDS:
        row = _queued(committed_world)
        works: list[Callable[[], Any]] = [
            lambda row=row: outcomes.cancel(generation_id=row.pk, actor="bob"),  # type: ignore[misc]
            lambda: claims.claim(provider="kie"),
        ]
        canceled, claimed = race(works)
        row.refresh_from_db()
        attempts = Attempt.objects.filter(generation=row).count()
        if isinstance(canceled, Conflict):
            assert (row.status, attempts, canceled.code) == ("submitting", 1, "not_cancelable")
            assert isinstance(claimed, claims.Claim)
            submission.settle_attempt(claimed, base.RefusedInput("no"), provider="kie")
        else:
            assert (row.status, attempts, claimed) == ("canceled", 0, None)
        _settled_once(committed_world, row)


def test_success_races_failure(committed_world: World) -> None:
    for _ in ROUNDS:
        row = _storing(committed_world)
        works: list[Callable[[], Any]] = [
            lambda row=row: outcomes.succeed(generation_id=row.pk),  # type: ignore[misc]
            lambda row=row: outcomes.fail(generation_id=row.pk, reason=Reason.RESULT_LOST),  # type: ignore[misc]
        ]
        ended, raised = split(race(works * 2))
        assert raised == []
        row = _settled_once(committed_world, row)
        assert row.status in ("succeeded", "failed")
        assert {each.status for each in ended} == {row.status}


def test_ten_successes_at_once_charge_once(committed_world: World) -> None:
    row = _storing(committed_world)
    ended, raised = split(race([lambda: outcomes.succeed(generation_id=row.pk)] * 10))
    assert raised == []
    assert {each.charged for each in ended} == {PRICE}
    assert _settled_once(committed_world, row).status == "succeeded"


def test_ten_cancels_at_once_release_once(committed_world: World) -> None:
    row = _queued(committed_world)
    ended, raised = split(race([lambda: outcomes.cancel(generation_id=row.pk, actor="bob")] * 10))
    assert raised == []
    assert {each.status for each in ended} == {"canceled"}
    _settled_once(committed_world, row)


def test_the_deadline_races_the_record(committed_world: World) -> None:
    """The sweep ends what the provider has just finished, or comes too late: never both."""
    for _ in ROUNDS:
        row = run(_queued(committed_world))
        Generation.objects.filter(pk=row.pk).update(deadline_at=db.now())
        works: list[Callable[[], Any]] = [
            lambda row=row: observation.expire(generation_id=row.pk),  # type: ignore[misc]
            lambda row=row: observation.finish(generation_id=row.pk, done=DONE),  # type: ignore[misc]
        ]
        assert split(race(works))[1] == []
        row.refresh_from_db()
        if row.status == "storing":
            store_rows(row, 1)
            outcomes.succeed(generation_id=row.pk)
        _settled_once(committed_world, row)


def test_the_answer_races_the_callback(committed_world: World) -> None:
    """faults.md row 5: the create's answer and the callback bring the same task at once, several times."""
    for number in ROUNDS:
        row, claimed = _queued(committed_world), claim()
        task = f"task-{number}"
        assert claimed.generation_id == row.pk

        def by_callback(attempt_id: int = claimed.attempt_id, task: str = task) -> bool:
            return db.in_transaction(lambda: submission.attach(attempt_id, task, urls={}, by="callback"))

        def by_answer(claimed: claims.Claim = claimed, task: str = task) -> None:
            submission.settle_attempt(claimed, base.Accepted(task), provider="kie")

        works: list[Callable[[], Any]] = [by_callback, by_answer, by_callback, by_answer]
        assert split(race(works))[1] == []
        row.refresh_from_db()
        assert (row.status, row.provider_task_id) == ("running", task)
        assert row.events.filter(kind="submitted").count() == 1
        outcomes.fail(generation_id=row.pk, reason=Reason.PROVIDER_FAILED)
        _settled_once(committed_world, row)


def test_a_lost_answer_races_the_lease(committed_world: World) -> None:
    """A worker that comes back with any answer when its lease is out: unknown or what it brings, never queued again."""
    for answer in (base.NotSent("x"), base.Unknown("x"), base.Accepted("late"), base.RefusedInput("x")):
        row, claimed = _queued(committed_world), claim()
        Attempt.objects.filter(pk=claimed.attempt_id).update(lease_expires_at=db.now())
        works: list[Callable[[], Any]] = [
            lambda row=row: submission.expire_lease(generation_id=row.pk),  # type: ignore[misc]
            lambda claimed=claimed, answer=answer: submission.settle_attempt(claimed, answer, provider="kie"),  # type: ignore[misc]
        ]
        assert split(race(works))[1] == []
        row.refresh_from_db()
        attempt = row.attempts.get()
        assert (row.status, attempt.outcome) in {
            ("unknown", "unknown"),
            ("running", "accepted"),
            ("queued", "not_sent"),
            ("failed", "refused"),
        }
        if row.status != "failed":
            outcomes.fail(generation_id=row.pk, reason=Reason.TIMED_OUT)
        _settled_once(committed_world, row)
