"""invariants.md section 6: G1 to G11, each by its name."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models.functions import Now
from django_q.models import OrmQ

from billing import ledger, reconcile
from generations import claims, observation, outcomes, submission, sweeps
from generations.models import Attempt, Generation, LateResult, Listing, Reason, Status
from generations.models.generation import OPEN, TERMINAL
from generations.providers import base
from project import db, queue
from tests.invariants.refusals import ALL_CHECKS
from tests.invariants.scene import WAYS, Scene
from tests.invariants.steps import accept, claim, deliver, run
from tests.world import World

# design.md section 3, read by hand.
STEPS = {
    "queued": {"submitting", "failed", "canceled"},
    "submitting": {"running", "unknown", "failed", "queued"},
    "unknown": {"running", "failed"},
    "running": {"storing", "failed"},
    "storing": {"succeeded", "failed"},
    "succeeded": set(),
    "failed": set(),
    "canceled": set(),
}
PROMPT = {"prompt": "a harbor"}


@pytest.mark.parametrize("source", STEPS)
def test_G1_only_listed_steps_and_terminal_states_absorb(scene: Scene, source: str) -> None:
    row = scene.generation(source)
    refused = set()
    for target in set(STEPS) - {source}:
        try:
            with transaction.atomic():
                scene.sql("update generations_generation set status = %s where id = %s", target, row.pk)
                transaction.set_rollback(True)
        except DatabaseError as error:
            if f"illegal step {source} -> {target}" in str(error):
                refused.add(target)
    assert set(STEPS) - {source} - refused == STEPS[source]


def test_G2_money_and_state_end_together(committed_world: World) -> None:
    """A failure between the statements of a settlement takes all of them back."""
    row = run(accept(committed_world.actor(), "flux-kontext-pro", PROMPT))
    observation.finish(generation_id=row.pk, done=base.Done(sources=["https://example.com/0.png"]))
    with pytest.raises(IntegrityError, match="success without its stored outputs|has_output"):
        outcomes.succeed(generation_id=row.pk)  # nothing is stored
    row.refresh_from_db()
    assert (row.status, row.charged, row.hold.state) == ("storing", None, "open")
    assert ledger.wallet(committed_world.team.pk).held.balance == row.hold_amount
    assert reconcile.failures(ALL_CHECKS) == []


@pytest.mark.parametrize("status", ["running", "storing", "succeeded"])
def test_G3_from_running_on_there_is_a_task(scene: Scene, status: str) -> None:
    row = scene.generation(status)
    assert row.provider_task_id
    with pytest.raises(DatabaseError, match="write-once"), transaction.atomic():
        Generation.objects.filter(pk=row.pk).update(provider_task_id=None)


def test_G4_a_task_id_is_of_one_generation_for_ever(committed_world: World) -> None:
    """The provider hands out one id twice: the second generation is unknown, the first keeps it."""
    actor = committed_world.actor()
    first = run(accept(actor, "flux-kontext-pro", PROMPT), task_id="same")
    second = accept(actor, "flux-kontext-pro", PROMPT)
    submission.settle_attempt(claim(), base.Accepted("same"), provider="kie")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.provider_task_id) == ("running", "same")
    assert (second.status, second.provider_task_id) == ("unknown", None)


def test_G4_the_same_id_at_another_provider_is_another_task(scene: Scene) -> None:
    row, other = scene.generation("submitting"), scene.generation("submitting", provider="fal")
    for each in row, other:
        with transaction.atomic():
            scene.step(each, Status.RUNNING)
    assert row.provider_task_id != other.provider_task_id
    fresh = scene.generation("submitting", provider="fal")
    Attempt.objects.filter(generation=fresh).update(outcome="accepted", provider_task_id=row.provider_task_id)
    Generation.objects.filter(pk=fresh.pk).update(status="running", provider_task_id=row.provider_task_id)


def test_G5_what_was_accepted_is_fixed(committed_world: World) -> None:
    """The columns stand in test_refused_states.py; a save of a whole stale row is refused too."""
    row = accept(committed_world.actor(), "flux-kontext-pro", PROMPT)
    row.price += 1
    with pytest.raises(DatabaseError, match="are fixed"):
        row.save()


def test_G6_a_claim_is_won_once_and_leaves_an_attempt(committed_world: World) -> None:
    row = accept(committed_world.actor(), "flux-kontext-pro", PROMPT)
    claimed = claim()
    assert claims.claim(provider="kie") is None
    row.refresh_from_db()
    attempt = Attempt.objects.get(generation=row)
    assert (row.status, attempt.number, attempt.outcome) == ("submitting", 1, "in_flight")
    assert bytes(attempt.token_hash) == claims.token_hash(claimed.token)


@pytest.mark.parametrize("outcome", ["in_flight", "unknown", "accepted"])
def test_G7_no_second_task_while_the_first_may_exist(scene: Scene, outcome: str) -> None:
    row = scene.generation()
    scene.attempt(row, outcome=outcome)
    with pytest.raises(IntegrityError, match="attempt_one_that_may_have_bought"), transaction.atomic():
        scene.attempt(row, number=2)


@pytest.mark.parametrize("outcome", ["not_sent", "refused"])
def test_G7_a_proof_allows_the_next_attempt(scene: Scene, outcome: str) -> None:
    row = scene.generation()
    scene.attempt(row, outcome=outcome)
    scene.attempt(row, number=2)


def test_G8_an_expired_lease_proves_nothing(committed_world: World) -> None:
    row = accept(committed_world.actor(), "flux-kontext-pro", PROMPT)
    claimed = claim()
    submission.expire_lease(generation_id=row.pk)
    row.refresh_from_db()
    assert row.status == "submitting"  # its time is not over
    Attempt.objects.filter(pk=claimed.attempt_id).update(lease_expires_at=db.now() - timedelta(seconds=1))
    submission.expire_lease(generation_id=row.pk)
    row.refresh_from_db()
    assert (row.status, row.attempts.get().outcome) == ("unknown", "unknown")
    submission.settle_attempt(claimed, base.NotSent("too late to say so"), provider="kie")
    row.refresh_from_db()
    assert row.status == "unknown"
    assert claims.claim(provider="kie") is None


def test_G9_outputs_are_numbered_once_each(scene: Scene) -> None:
    """That they belong to the team stands in test_walls.py, that they are stored first in test_refused_at_commit.py."""
    row = scene.generation("storing")
    first = scene.output(row, index=0)
    with pytest.raises(IntegrityError, match="output_index_once"), transaction.atomic():
        scene.sql(
            """insert into generations_output (generation_id, team_id, index, kind, name, preview, content_type, bytes,
                 sha256, width, height) select generation_id, team_id, index, kind, 'elsewhere', preview,
                 content_type, bytes, sha256, width, height from generations_output where id = %s""",
            first.pk,
        )


@pytest.mark.parametrize("ending", ["timed_out", "canceled"])
def test_G10_a_late_success_is_kept_and_never_charged(committed_world: World, ending: str) -> None:
    row = accept(committed_world.actor(), "flux-kontext-pro", PROMPT)
    if ending == "canceled":
        outcomes.cancel(generation_id=row.pk, actor="test")
    else:
        run(row)
        outcomes.fail(generation_id=row.pk, reason=Reason.TIMED_OUT)
    done = base.Done(sources=["https://example.com/0.png"], cost=25_000)
    row.refresh_from_db()
    for first in (True, False):
        assert observation.keep_late_result(generation=row, task_id="late", done=done) is first
    observation.finish(generation_id=row.pk, done=done)
    outcomes.succeed(generation_id=row.pk)
    row.refresh_from_db()
    assert (row.charged, row.hold.state, row.actual_cost, row.cost_verdict) == (0, "released", 25_000, "over")
    assert LateResult.objects.get(generation=row).sources == done.sources
    assert ledger.wallet(committed_world.team.pk).held.balance == 0
    assert reconcile.failures(ALL_CHECKS) == []


def test_G11_the_queue_is_emptied_and_everything_is_rung_again(committed_scene: Scene) -> None:
    scene = committed_scene
    Listing.objects.create(slug="flux-kontext-pro")
    rows = {status: scene.generation(status) for status in OPEN}
    Generation.objects.update(next_action_at=Now() - timedelta(seconds=1))
    OrmQ.objects.all().delete()
    sweeps.ring_due()
    rung = {(job.func.rpartition(".")[2], *job.args) for job in queue.pending()}
    assert rung == {
        ("dispatch", "kie"),
        ("observe", str(rows["submitting"].pk)),
        ("observe", str(rows["unknown"].pk)),
        ("observe", str(rows["running"].pk)),
        ("store", str(rows["storing"].pk)),
    }


@pytest.mark.parametrize("status", WAYS)
def test_G11_open_rows_have_a_next_action_and_ended_ones_none(scene: Scene, status: str) -> None:
    row = scene.generation(status)
    assert (row.next_action_at is None) == (row.status in TERMINAL)


def test_a_whole_life_leaves_the_books_right(committed_world: World) -> None:
    ended = deliver(run(accept(committed_world.actor(), "flux-kontext-pro", PROMPT)), cost=25_000)
    assert (ended.status, ended.charged, ended.cost_verdict) == ("succeeded", 25_000, "matched")
    assert [event.kind for event in ended.events.order_by("id")] == [
        "accepted",
        "claimed",
        "submitted",
        "finished",
        "succeeded",
    ]
    assert not connection.in_atomic_block
    assert reconcile.failures(ALL_CHECKS) == []
