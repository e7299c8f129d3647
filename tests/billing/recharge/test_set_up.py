"""Automatic recharge as it is set: what can be, who may, what the log keeps; and what a saved card changes."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from accounts.models import Action, AuditEvent, Membership, Role, Team, TeamStatus
from billing import closures, payments, recharges, sweeps
from billing.models import AutoRecharge, BalanceWatch, CardRemoval, StopReason
from project.errors import Conflict, Forbidden, Invalid
from project.money import USD
from tests.billing.conftest import join
from tests.billing.payments.shop import bought
from tests.billing.recharge.cards import again, removals, turned_on, with_card
from tests.jobs import Jobs
from tests.stripe_client import StripeProcess
from tests.world import World

GOOD = {"threshold": 10 * USD, "target": 50 * USD, "monthly_ceiling": 200 * USD}


def log(action: Action) -> list[dict[str, Any]]:
    return list(AuditEvent.objects.filter(action=action).order_by("id").values_list("data", flat=True))


@pytest.mark.parametrize(
    ("field", "amount", "code"),
    [
        ("threshold", USD - 10_000, "range"),
        ("threshold", 5_000 * USD + 10_000, "range"),
        ("threshold", 10 * USD + 1, "cents"),
        ("threshold", 10.0, "cents"),
        ("target", 10 * USD, "step"),
        ("target", 15 * USD - 10_000, "step"),
        ("target", 5_000 * USD + 10_000, "range"),
        ("target", True, "cents"),
        ("monthly_ceiling", 50 * USD - 10_000, "below_target"),
        ("monthly_ceiling", 100_000 * USD + 10_000, "range"),
        ("monthly_ceiling", 0, "range"),
        ("monthly_ceiling", -USD, "range"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(world: World, field: str, amount: Any, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        recharges.set_up(actor=world.actor(world.alice), **{**GOOD, field: amount})
    assert [(error.path, error.code) for error in refused.value.errors] == [(field, code)]


@pytest.mark.parametrize(
    ("threshold", "target", "ceiling"), [(1, 6, 6), (10, 15, 15), (4_995, 5_000, 5_000), (1, 5_000, 100_000)]
)
def test_the_edges_can_be(world: World, stripe: StripeProcess, threshold: int, target: int, ceiling: int) -> None:
    row = turned_on(world, stripe, threshold=threshold * USD, target=target * USD, monthly_ceiling=ceiling * USD)
    assert (row.enabled, row.threshold, row.target, row.monthly_ceiling) == (
        True,
        threshold * USD,
        target * USD,
        ceiling * USD,
    )


def test_without_a_card_it_stays_off(world: World) -> None:
    with pytest.raises(Conflict) as refused:
        recharges.set_up(actor=world.actor(world.alice), **GOOD)
    assert refused.value.code == "no_card"
    assert not AutoRecharge.objects.exists()


def test_set_changed_off_and_on_stand_in_the_log_once_each(world: World, stripe: StripeProcess) -> None:
    row, alice = with_card(world.team, stripe), world.actor(world.alice)
    assert (row.enabled, row.threshold, row.target) == (False, 10 * USD, 50 * USD)
    for _ in range(2):
        recharges.set_up(actor=alice, **GOOD)
    recharges.set_up(actor=alice, **{**GOOD, "target": 60 * USD})
    assert again(row).changed_by == Membership.objects.get(user=world.alice, team=world.team)
    for _ in range(2):
        recharges.turn_off(actor=alice)
    assert not again(row).enabled
    card, first, second = log(Action.RECHARGE_SET)
    assert card == {"card": "saved"}
    assert first == {"before": {}, "after": GOOD}
    assert (second["before"]["target"], second["after"]["target"]) == (50 * USD, 60 * USD)
    assert log(Action.RECHARGE_STOPPED) == [{"reason": "turned off"}]


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER, Role.VIEWER])
def test_who_lost_the_role_meanwhile_changes_nothing(world: World, stripe: StripeProcess, role: Role) -> None:
    row = turned_on(world, stripe)
    carlo = join(world, "carlo", Role.BILLING)
    actor = world.actor(carlo)
    Membership.objects.filter(user=carlo).update(role=role)
    recharges.stop(team=world.team, reason=StopReason.DECLINED)
    before = AutoRecharge.objects.filter(pk=row.pk).values().get()
    for act in (recharges.turn_off, recharges.resume, recharges.remove_card):
        with pytest.raises(Forbidden), transaction.atomic():
            act(actor=actor)
    with pytest.raises(Forbidden), transaction.atomic():
        recharges.set_up(actor=actor, **GOOD)
    assert AutoRecharge.objects.filter(pk=row.pk).values().get() == before


def test_changing_the_amounts_does_not_take_a_stop_back(world: World, stripe: StripeProcess) -> None:
    row, alice = turned_on(world, stripe), world.actor(world.alice)
    assert recharges.stop(team=world.team, reason=StopReason.DECLINED)
    assert not recharges.stop(team=world.team, reason=StopReason.TOO_OFTEN)
    recharges.set_up(actor=alice, **GOOD)
    assert again(row).stopped_reason == StopReason.DECLINED
    recharges.resume(actor=alice)
    recharges.resume(actor=alice)
    assert (again(row).enabled, again(row).stopped_at, again(row).stopped_reason) == (True, None, "")
    assert log(Action.RECHARGE_SET)[-1] == {"turned_on_again_after": "The bank declined the card."}


def test_a_card_is_kept_only_where_the_buyer_asked_for_it(world: World, stripe: StripeProcess, jobs: Jobs) -> None:
    payments.converge(bought(world, stripe).pk, by="return")
    assert not AutoRecharge.objects.exists()
    assert BalanceWatch.objects.get(team=world.team).low_balance == 5 * USD
    payments.converge(bought(world, stripe, save_card=True).pk, by="return")
    row = AutoRecharge.objects.get(team=world.team)
    assert (row.enabled, row.card) == (False, "visa 4242")
    assert row.payment_method.startswith("pm_")
    assert stripe.show(row.payment_method)["customer"]


def test_another_card_takes_the_place_of_the_first_and_stripe_forgets_that(
    world: World, stripe: StripeProcess, jobs: Jobs
) -> None:
    first = turned_on(world, stripe).payment_method
    row = with_card(world.team, stripe, "5555555555554444")
    assert row.enabled
    assert row.payment_method != first
    assert removals() == [(first, False)]
    stripe.fault("500", path="/v1/payment_methods/*", times=2)
    sweeps.ring_due()
    jobs.drain()
    assert removals() == [(first, False)]
    CardRemoval.objects.update(next_action_at=row.updated_at, rung_at=None)
    sweeps.ring_due()
    jobs.drain()
    assert removals() == [(first, True)]
    assert stripe.show(first)["customer"] is None
    assert stripe.show(row.payment_method)["customer"]
    recharges.card_saved(team=world.team, payment_method=first, card="visa 4242")  # told late
    assert again(row).payment_method == row.payment_method


def test_a_closed_teams_card_is_forgotten(world: World, stripe: StripeProcess, jobs: Jobs) -> None:
    row = turned_on(world, stripe)
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.CLOSING)
    assert closures.finish() == 1
    assert (again(row).enabled, again(row).payment_method) == (False, "")
    sweeps.ring_due()
    jobs.drain()
    assert removals() == [(row.payment_method, True)]
    world.team.refresh_from_db()
    late = with_card(world.team, stripe)
    assert late.payment_method == ""
    assert len(removals()) == 2


def test_a_removed_card_turns_recharge_off_and_is_forgotten_once(
    world: World, stripe: StripeProcess, jobs: Jobs
) -> None:
    row = turned_on(world, stripe)
    for _ in range(2):
        recharges.remove_card(actor=world.actor(world.alice))
    assert (again(row).enabled, again(row).payment_method, again(row).card) == (False, "", "")
    for _ in range(2):
        sweeps.ring_due()
        jobs.drain(repeat=2)
    assert removals() == [(row.payment_method, True)]
    with pytest.raises(Conflict):
        recharges.set_up(actor=world.actor(world.alice), **GOOD)
