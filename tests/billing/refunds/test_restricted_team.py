"""A restricted team with credit makes nothing new, by page or by program; it still reads and sees its statement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Team
from billing import payments, sweeps
from billing.models import Hold
from project.errors import Forbidden
from project.money import USD
from tests.billing.purchases import bought
from tests.billing.refunds.conftest import dispute, hold, look, owed, settle, wallet
from tests.pages.conftest import browser  # noqa: F401 - a fixture
from tests.world import World

BODY = {"model": "veo-3.1-fast", "input": {"prompt": "a dog"}}


@pytest.fixture
def restricted(world: World) -> Team:
    """It owes 20 and has 30 again: what was held when the dispute was lost came back later."""
    payment = bought(world.team, 20 * USD)
    row = hold(world.team, 30 * USD)
    look(payment, dispute(20, "lost"))
    settle(row, 0)
    assert (wallet(world.team), owed(world.team)) == ((30, 0, 0), 20)
    return world.team


def test_a_program_is_told_and_nothing_is_written(world: World, restricted: Team, api: Callable[..., Any]) -> None:
    before = Hold.objects.count()
    for _ in range(2):  # the same again: its idempotency key is not used up
        answer = api("POST", "/generations", BODY, key=world.key, headers={"Idempotency-Key": "one"})
        assert (answer.status_code, answer.json()["code"]) == (403, "team_restricted")
        assert "Your wallet page says why." in answer.json()["detail"]
    assert Hold.objects.count() == before
    assert api("GET", "/generations", key=world.key).status_code == 200
    assert api("GET", "/wallet", key=world.key).status_code == 200


def test_what_came_back_covers_what_is_owed_at_the_next_sweep(restricted: Team) -> None:
    assert sweeps.sweep()["covered"] == 1
    assert (wallet(restricted), owed(restricted)) == ((10, 0, 0), None)
    assert sweeps.sweep()["covered"] == 0
    hold(restricted, 1 * USD)


def test_people_read_why_and_see_what_they_have(
    world: World,
    restricted: Team,
    browser: Callable[..., Client],  # noqa: F811
) -> None:
    alice = browser(world.alice)
    answer = alice.post("/studio/veo-3.1-fast", {"prompt": "a dog", "do": "make"})
    assert answer.status_code == 403
    assert "Your team is restricted" in answer.content.decode()
    for address in ("/history", "/wallet", "/wallet/payments", "/wallet/statement", "/wallet/top-up"):
        assert alice.get(address).status_code == 200, address
    assert "Your team is restricted" in alice.get("/wallet/top-up").content.decode()


def test_it_starts_no_payment(world: World, restricted: Team) -> None:
    with pytest.raises(Forbidden) as refused:
        payments.start(by=world.actor(world.alice), amount=20 * USD)
    assert refused.value.code == "team_restricted"
