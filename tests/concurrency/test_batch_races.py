"""Batches at once: one wallet, one key, one place at the provider; and one that dies in the middle."""

from __future__ import annotations

import json
from typing import Any

from accounts import keys
from billing import ledger, reconcile
from billing.models import BudgetUsage, Hold
from generations import api_batches, batch_requests, batches, claims, idempotency, offers
from generations.idempotency import Answer
from generations.models import Batch, Generation, IdempotencyRecord
from project import queue
from project.errors import Conflict, PaymentRequired
from project.failpoints import KILLED
from tests.billing.conftest import key_cap
from tests.concurrency.racing import race, split
from tests.flows.other_process import run
from tests.invariants.refusals import ALL_CHECKS
from tests.sandbox_client import SandboxProcess
from tests.world import World

SLUG = "flux-kontext-pro"
DOLLAR = 1_000_000


def body_of(count: int, **fields: Any) -> dict[str, Any]:
    return {"grid": {"models": [SLUG], "prompts": [f"number {n}" for n in range(count)]}, **fields}


def submit(world: World, count: int, *, key: str | None = None, **fields: Any) -> tuple[Batch | None, Answer]:
    body = body_of(count, **fields)
    print_of_request = idempotency.fingerprint(method="POST", path="/b", body=body)
    order = batch_requests.batch(body, idempotency=(key, print_of_request) if key else None)
    return batches.accept(actor=world.actor(), order=order, render=api_batches._accepted)


def dollar_each() -> None:
    offers.publish(slug=SLUG, rates={"image": DOLLAR}, margin_ppm=0, by="test", reason="test")


def test_batches_that_race_for_one_wallet_never_overspend(committed_world: World) -> None:
    """$10 for 4 batches of 4 at $1: what fits fills it to the cent, all or none leaves no half."""
    dollar_each()
    modes = ["fit", "all", "fit", "all"]
    results = race([lambda mode=mode: submit(committed_world, 4, mode=mode) for mode in modes])  # type: ignore[misc]
    won, raised = split(results)
    assert all(isinstance(error, PaymentRequired) for error in raised), raised
    rows = [batch for batch, _ in won if batch is not None]
    wallet = ledger.wallet(committed_world.team.pk)
    assert wallet.held.balance == sum(row.held for row in rows) == Generation.objects.count() * DOLLAR
    assert wallet.balance == 10 * DOLLAR
    assert all(row.accepted == 4 for row in rows if row.mode == "all")
    assert 8 * DOLLAR <= wallet.held.balance <= 10 * DOLLAR
    assert reconcile.failures(ALL_CHECKS) == []


def test_batches_that_race_for_one_cap(committed_world: World) -> None:
    dollar_each()
    budget = key_cap(committed_world, 5 * DOLLAR)
    won, raised = split(race([lambda: submit(committed_world, 3, mode="fit")] * 4))
    assert all(isinstance(error, PaymentRequired) for error in raised), raised
    assert sum(batch.accepted for batch, _ in won if batch) == 5
    assert BudgetUsage.objects.get(budget=budget).held == 5 * DOLLAR
    assert reconcile.failures(ALL_CHECKS) == []


def test_one_key_by_20_threads_makes_one_batch(committed_world: World) -> None:
    answers, raised = split(race([lambda: submit(committed_world, 3, key="one-key")[1]] * 20))
    row = Batch.objects.get()
    assert {(answer.status, answer.body["id"]) for answer in answers} == {(201, row.public_id)}
    assert {getattr(error, "code", repr(error)) for error in raised} <= {"idempotency_in_progress"}
    assert all(isinstance(error, Conflict) for error in raised)
    assert Generation.objects.count() == Hold.objects.count() == 3
    assert IdempotencyRecord.objects.count() == 1
    assert reconcile.failures(ALL_CHECKS) == []


def test_killed_between_its_holds_and_its_rows_it_never_was(
    committed_world: World, sandbox: SandboxProcess, site: str
) -> None:
    body = json.dumps(body_of(5))
    program = (
        "from accounts import keys\n"
        "from generations import api_batches, batch_requests, batches\n"
        f"order = batch_requests.batch({body}, idempotency=('k', 'x' * 64))\n"
        f"batches.accept(actor=keys.find({committed_world.key!r}), order=order, render=api_batches._accepted)\n"
    )
    ended = run(program, FAILPOINT="batch_held")
    assert ended.returncode == KILLED, ended.stderr
    assert not any(kind.objects.exists() for kind in (Batch, Generation, Hold, IdempotencyRecord))
    assert queue.pending() == []
    assert ledger.wallet(committed_world.team.pk).held.balance == 0
    assert reconcile.failures(ALL_CHECKS) == []
    assert submit(committed_world, 5, key="k")[1].status == 201


def test_a_batch_of_a_hundred_does_not_keep_another_team_waiting(committed_world: World) -> None:
    """And its own are served in the order in which they were listed."""
    submit(committed_world, 100)
    order = batch_requests.batch(body_of(2), idempotency=None)
    batches.accept(actor=keys.find(committed_world.other_key), order=order, render=api_batches._accepted)
    names, places = [], []
    for _ in range(6):
        claimed = claims.claim(provider="kie")
        assert claimed is not None
        row = Generation.objects.select_related("team").get(pk=claimed.generation_id)
        names.append(row.team.name)
        places.append(row.batch_index)
    assert names == ["Studio", "Elsewhere"] * 2 + ["Studio"] * 2
    assert places == [0, 0, 1, 1, 2, 3]
