"""faults.md rows 58 to 60, invariants.md I1: one idempotency key by many at once makes one generation."""

from __future__ import annotations

from typing import Any

import pytest

from accounts import keys
from billing import ledger, reconcile
from generations import intake
from generations.idempotency import Answer
from generations.models import Generation, IdempotencyRecord
from project.errors import Conflict, Invalid
from tests.concurrency.racing import race, split
from tests.invariants.refusals import ALL_CHECKS
from tests.invariants.steps import render, request
from tests.world import World

DATA = {"prompt": "once"}


def _submit(world: World, data: dict[str, Any]) -> Answer:
    wanted = request("flux-kontext-pro", data, key="one-key")
    return intake.accept(actor=world.actor(), request=wanted, render=render)[1]


def test_I1_one_key_by_20_threads(committed_world: World) -> None:
    world = committed_world
    answers, raised = split(race([lambda: _submit(world, DATA)] * 20))
    row = Generation.objects.get()
    assert {(answer.status, answer.body["id"]) for answer in answers} == {(201, row.public_id)}
    for error in raised:
        assert isinstance(error, Conflict)
        assert (error.code, "Retry-After" in error.headers) == ("idempotency_in_progress", True)
    assert ledger.wallet(world.team.pk).held.balance == row.hold_amount
    assert IdempotencyRecord.objects.count() == 1
    assert reconcile.failures(ALL_CHECKS) == []


def test_I2_one_key_for_two_requests_at_once(committed_world: World) -> None:
    """One of the two wins; whoever brings the other gets 422 and nothing happens."""
    world = committed_world
    works = [lambda n=n: _submit(world, {"prompt": f"{n % 2}"}) for n in range(16)]  # type: ignore[misc]
    answers, raised = split(race(works))
    row = Generation.objects.get()
    assert {answer.body["id"] for answer in answers} == {row.public_id}
    with pytest.raises(Invalid, match="another request"):  # in the race all may have come while it was under way
        _submit(world, {"prompt": "1" if row.input["prompt"] == "0" else "0"})
    codes = {getattr(error, "code", repr(error)) for error in raised}
    assert codes <= {"idempotency_key_reused", "idempotency_in_progress"}
    assert all(isinstance(error, Invalid | Conflict) for error in raised)


def test_the_same_key_of_two_teams(committed_world: World) -> None:
    """The scope is (team, key): both get what they asked for."""
    world = committed_world
    elsewhere = keys.find(world.other_key)
    wanted = request("flux-kontext-pro", DATA, key="one-key")
    works = [
        lambda actor=actor: intake.accept(actor=actor, request=wanted, render=render)[0]  # type: ignore[misc]
        for actor in (world.actor(), elsewhere)
    ]
    rows, raised = split(race(works))
    assert raised == []
    assert {row.team_id for row in rows if row} == {world.team.pk, world.other_team.pk}
