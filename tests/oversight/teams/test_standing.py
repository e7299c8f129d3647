"""Freezes and restrictions by staff: what they stop, what they leave, who hears of it."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.audit import Staff
from billing import freezes, recharge_attempts, restrictions, takings
from billing.models import Hold, Restriction, WalletFreeze
from project.errors import Conflict, Forbidden
from project.money import USD
from tests.billing.purchases import bought
from tests.billing.refunds.conftest import _stripe_is_on as _stripe_is_on  # noqa: PLC0414 - a fixture
from tests.billing.refunds.conftest import dispute, hold, look, owed, settle
from tests.oversight.conftest import staff_of
from tests.oversight.teams.conftest import acts, available, told
from tests.pages.conftest import browser as browser  # noqa: PLC0414 - a fixture
from tests.world import World


def test_a_frozen_wallet_holds_nothing_new_and_ends_what_runs(world: World, ann: Staff) -> None:
    running = hold(world.team, 2 * USD)
    freezes.freeze(team=world.team, by=ann, reason="card fraud")
    with pytest.raises(Forbidden) as refused:
        hold(world.team, USD)
    assert refused.value.code == "wallet_frozen"
    with pytest.raises(Forbidden) as refused:
        hold(world.team, 1_000 * USD)
    assert refused.value.code == "wallet_frozen"
    settle(running, USD)
    bought(world.team, USD)
    with pytest.raises(Conflict):
        freezes.freeze(team=world.team, by=ann, reason="again")
    freezes.unfreeze(team=world.team, by=ann, reason="cleared")
    with pytest.raises(Conflict):
        freezes.unfreeze(team=world.team, by=ann, reason="again")
    hold(world.team, USD)
    row = WalletFreeze.objects.get()
    assert (row.frozen_by, row.note) == (f"staff:{ann.user.pk}", "cleared")
    assert [acts(world.team, f"money.{name}")[0].data["reason"] for name in ("frozen", "unfrozen")] == [
        "card fraud",
        "cleared",
    ]
    assert [(subject, to) for subject, to in told() if "frozen" in subject] == [
        ("The wallet of Studio is frozen", ["alice@example.com"]),
        ("The wallet of Studio is no longer frozen", ["alice@example.com"]),
    ]


def test_people_and_programs_are_told(world: World, ann: Staff, browser: object, client: Client) -> None:
    freezes.freeze(team=world.team, by=ann, reason="We look into a payment.")
    alice = browser(world.alice)  # type: ignore[operator]
    answer = alice.post("/studio/veo-3.1-fast", {"prompt": "a dog", "do": "make"})
    assert answer.status_code == 403
    assert "wallet is frozen" in answer.content.decode()
    page = alice.get("/wallet").content.decode()
    assert "We look into a payment." in page
    answer = client.post(
        "/api/v1/generations",
        {"model": "veo-3.1-fast", "input": {"prompt": "a dog"}},
        content_type="application/json",
        headers={"Authorization": f"Bearer {world.key}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "wallet_frozen")
    assert not Hold.objects.exists()


def test_a_restriction_by_staff_is_lifted_by_staff_alone(world: World, ann: Staff) -> None:
    row = restrictions.restrict_by_staff(team=world.team, by=ann, reason="Terms of use.")
    with pytest.raises(Conflict):
        restrictions.restrict_by_staff(team=world.team, by=ann, reason="again")
    with pytest.raises(Forbidden) as refused:
        hold(world.team, USD)
    assert refused.value.code == "team_restricted"
    takings.settle(world.team)
    assert takings.sweep() == 0
    assert Restriction.objects.get().lifted_at is None
    restrictions.lift(team=world.team, by=ann, reason="they promised")
    hold(world.team, USD)
    row.refresh_from_db()
    assert row.lifted_by == f"staff:{ann.user.pk}"
    assert [(subject, to) for subject, to in told() if "restricted" in subject] == [
        ("Studio is restricted", ["alice@example.com"]),
        ("Studio is no longer restricted", ["alice@example.com"]),
    ]
    assert restrictions.lifted_by_staff_at(world.team) is None


def test_a_debt_joins_a_restriction_by_staff_and_leaves_it(world: World, ann: Staff) -> None:
    payment = bought(world.team, 20 * USD)
    restrictions_of = Restriction.objects.filter(team=world.team, lifted_at=None)
    running = hold(world.team, 25 * USD)
    restrictions.restrict_by_staff(team=world.team, by=ann, reason="Terms of use.")
    look(payment, dispute(20, "lost"))
    assert restrictions_of.get().owed == 15 * USD
    settle(running, 0)
    takings.sweep()
    assert owed(world.team) == 0
    assert restrictions_of.get().reason == "Terms of use."
    assert available(world.team) == 10 * USD


def test_nobody_without_the_duty(world: World) -> None:
    nobody = Staff(staff_of("nora", "see_teams", "adjust_credit"))
    with pytest.raises(Forbidden):
        freezes.freeze(team=world.team, by=nobody, reason="x")
    with pytest.raises(Forbidden):
        restrictions.restrict_by_staff(team=world.team, by=nobody, reason="x")
    boss = Staff(staff_of("boss", "restrict_teams"))
    restrictions.restrict_by_staff(team=world.team, by=boss, reason="x")
    with pytest.raises(Forbidden):
        restrictions.lift(team=world.team, by=nobody, reason="x")
    assert not WalletFreeze.objects.exists()
    assert recharge_attempts.ring() == 0
