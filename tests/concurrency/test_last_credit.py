"""faults.md row 57, invariants.md L7: submits that race for the last credit; one wins, the others get 402."""

from __future__ import annotations

import pytest
from django.db import transaction

from accounts.actors import Actor
from accounts.models import Team
from accounts.roles import SCOPES, of_scopes
from billing import ledger, reconcile
from generations import intake
from generations.models import Generation, IdempotencyRecord
from project import queue
from project.errors import PaymentRequired
from tests.concurrency.racing import race, split
from tests.invariants.refusals import ALL_CHECKS
from tests.invariants.steps import accept, render, request
from tests.world import World, team_of

PRICE = 25_000  # flux-kontext-pro
DATA = {"prompt": "the last one"}


def _poor(world: World, credit: int) -> Actor:
    with transaction.atomic():
        team, key, _ = team_of("Poor", world.alice, credit)
    return Actor(team=team, permissions=of_scopes(list(SCOPES)), api_key=key)


def _books_of(team: Team) -> tuple[int, int, int]:
    wallet = ledger.wallet(team.pk)
    return wallet.available.balance, wallet.held.balance, Generation.objects.filter(team=team).count()


@pytest.mark.parametrize("left", [0, 1, PRICE - 1])
def test_40_submits_for_the_last_credit(committed_world: World, left: int) -> None:
    actor = _poor(committed_world, PRICE + left)
    won, refused = split(race([lambda: accept(actor, "flux-kontext-pro", DATA)] * 40))
    assert len(won) == 1
    assert {type(error) for error in refused} == {PaymentRequired}
    assert _books_of(actor.team) == (left, PRICE, 1)
    assert len(queue.pending()) == 1
    assert reconcile.failures(ALL_CHECKS) == []


def test_20_submits_with_keys_for_the_last_3(committed_world: World) -> None:
    """Of the others only their stored 402 is kept (design section 4.2)."""
    actor = _poor(committed_world, 3 * PRICE)

    def submit(number: int) -> int:
        wanted = request("flux-kontext-pro", DATA, key=f"k{number}")
        return intake.accept(actor=actor, request=wanted, render=render)[1].status

    answers, raised = split(race([lambda n=n: submit(n) for n in range(20)]))  # type: ignore[misc]
    assert raised == []
    assert sorted(answers) == [201] * 3 + [402] * 17
    assert _books_of(actor.team) == (0, 3 * PRICE, 3)
    stored = IdempotencyRecord.objects.filter(team=actor.team)
    assert sorted(stored.values_list("status", flat=True)) == sorted(answers)
    assert reconcile.failures(ALL_CHECKS) == []
