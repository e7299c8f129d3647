"""One attempt: when, how much, within which limits, and that it is one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.models import Role, Team, TeamStatus
from billing import payments, recharge_attempts, recharges, restrictions
from billing.models import AutoRecharge, Origin, Payment, StopReason
from project import db, queue
from project.money import USD
from tests.billing.conftest import join, letters
from tests.billing.payments.shop import credited, session_of, started
from tests.billing.recharge.cards import (
    THRESHOLD,
    again,
    available,
    charges,
    give,
    later,
    leave,
    spend,
    tick,
    tries,
    turned_on,
)
from tests.jobs import Jobs
from tests.stripe_client import StripeProcess
from tests.world import World

CENT = 10_000


def test_below_the_threshold_the_card_fills_the_wallet_up_to_the_target(
    world: World, stripe: StripeProcess, jobs: Jobs
) -> None:
    row = turned_on(world, stripe)
    assert tick(jobs) == 1
    (payment,) = tries(row)
    assert (payment.status, payment.credited_by, payment.amount, payment.bonus) == ("paid", "charge", 40 * USD, 0)
    assert (payment.membership, payment.card) == (None, "visa 4242")
    assert payment.invoice["team"] == "Studio"
    assert available(world.team) == 50 * USD
    (call,) = charges(stripe)
    assert call["idempotency_key"] == f"framehouse:charge:{payment.uuid.hex}"
    assert call["params"]["off_session"] in (True, "true")
    assert [to for to, _ in letters()] == ["alice@example.com"]  # the receipt
    assert tick(jobs) == 0
    assert len(charges(stripe)) == 1


def test_a_card_that_was_confirmed_and_saved_at_checkout_is_charged(
    world: World, stripe: StripeProcess, jobs: Jobs
) -> None:
    payment = started(world, save_card=True)
    assert stripe.pay(session_of(payment), "4000002500003155")["status"] == "succeeded"  # asks, and then no more
    payments.converge(payment.pk, by="return")
    row = recharges.set_up(
        actor=world.actor(world.alice), threshold=12 * USD, target=50 * USD, monthly_ceiling=50 * USD
    )
    leave(world.team, 11 * USD)
    assert tick(jobs) == 1
    assert [(each.status, each.amount) for each in tries(row)] == [("paid", 39 * USD)]


def test_a_large_one_comes_with_the_bonus_that_a_purchase_has(world: World, stripe: StripeProcess, jobs: Jobs) -> None:
    row = turned_on(world, stripe, target=110 * USD)
    tick(jobs)
    assert [(payment.amount, payment.bonus) for payment in tries(row)] == [(100 * USD, 5 * USD)]
    assert available(world.team) == 115 * USD


@pytest.mark.parametrize(("missing", "rings"), [(-1, 0), (0, 0), (1, 1)])
def test_the_edge_of_the_threshold(world: World, stripe: StripeProcess, jobs: Jobs, missing: int, rings: int) -> None:
    row = turned_on(world, stripe)
    leave(world.team, THRESHOLD - missing)
    assert tick(jobs) == rings
    assert len(tries(row)) == rings
    recharge_attempts.attempt(row.pk)  # rung for nothing
    assert len(tries(row)) == rings


@pytest.mark.parametrize(
    ("left", "amount"), [(0, 50 * USD), (1, 50 * USD), (CENT, 50 * USD - CENT), (CENT + 1, 50 * USD - CENT)]
)
def test_the_amount_is_whole_cents_rounded_up(
    world: World, stripe: StripeProcess, jobs: Jobs, left: int, amount: int
) -> None:
    row = turned_on(world, stripe)
    leave(world.team, left)
    tick(jobs)
    assert [payment.amount for payment in tries(row)] == [amount]


def test_never_less_than_can_be_bought(world: World) -> None:
    row = AutoRecharge(threshold=10 * USD, target=11 * USD)
    assert recharge_attempts.amount_for(row, 9 * USD) == 5 * USD


def test_held_credit_is_not_available(world: World, stripe: StripeProcess, jobs: Jobs) -> None:
    row = turned_on(world, stripe)
    give(world.team, 5 * USD)
    assert tick(jobs) == 0
    spend(world.team, 4 * USD)
    assert tick(jobs) == 1
    assert [payment.amount for payment in tries(row)] == [39 * USD]


@pytest.mark.parametrize("why", ["off", "stopped", "suspended", "closing", "restricted", "no key"])
def test_who_must_not_be_charged_is_not(
    world: World, stripe: StripeProcess, jobs: Jobs, why: str, settings: Any
) -> None:
    paid = credited(world, stripe) if why == "restricted" else None
    if paid:
        spend(world.team, available(world.team) - 10 * USD)
    row = turned_on(world, stripe)
    if why == "off":
        recharges.turn_off(actor=world.actor(world.alice))
    elif why == "stopped":
        recharges.stop(team=world.team, reason=StopReason.DECLINED)
    elif why in ("suspended", "closing"):
        Team.objects.filter(pk=world.team.pk).update(status=TeamStatus(why))
    elif paid:
        restrictions.restrict(payment=paid, owed=USD, reason="test")
    else:
        settings.STRIPE = replace(settings.STRIPE, key="")
    assert tick(jobs) == (1 if why == "restricted" else 0)
    for _ in range(2):
        recharge_attempts.attempt(row.pk)
    assert tries(row) == []
    assert charges(stripe) == []
    if why == "restricted":  # it looks again, but not each second
        assert again(row).not_before is not None
        assert tick(jobs) == 0


def test_a_repeated_late_or_shuffled_job_charges_once(world: World, stripe: StripeProcess, jobs: Jobs) -> None:
    row = turned_on(world, stripe)
    assert recharge_attempts.ring() == 1
    assert recharge_attempts.ring() == 0  # rung already
    queue.enqueue("billing.tasks.recharge", row.pk)
    queue.enqueue("billing.tasks.recharge", row.pk + 1000)
    jobs.drain(repeat=3, seed=7)
    assert len(charges(stripe)) == len(tries(row)) == 1
    recharge_attempts.attempt(row.pk)
    assert len(tries(row)) == 1


def test_a_lost_job_is_rung_for_again(world: World, stripe: StripeProcess, jobs: Jobs) -> None:
    row = turned_on(world, stripe)
    assert recharge_attempts.ring() == 1
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_q_ormq")
    assert recharge_attempts.ring() == 0
    AutoRecharge.objects.filter(pk=row.pk).update(rung_at=db.now() - timedelta(seconds=recharge_attempts.RING_AGAIN))
    assert tick(jobs) == 1
    assert len(tries(row)) == 1


def test_nothing_while_one_is_under_way(world: World, stripe: StripeProcess, jobs: Jobs) -> None:
    row = turned_on(world, stripe)
    stripe.fault("lost", method="POST", path="/v1/payment_intents", times=2)
    tick(jobs)
    assert [payment.status for payment in tries(row)] == ["pending"]
    later(row, minutes=3)
    assert tick(jobs) == 0
    recharge_attempts.attempt(row.pk)
    assert len(tries(row)) == 1


def test_the_fourth_within_ten_minutes_stops_it(world: World, stripe: StripeProcess, jobs: Jobs) -> None:
    join(world, "carlo", Role.BILLING)
    row = turned_on(world, stripe)
    for _ in range(3):
        assert tick(jobs) == 1
        spend(world.team, available(world.team))
    sent = len(letters())
    assert tick(jobs) == 1
    assert again(row).stopped_reason == StopReason.TOO_OFTEN
    assert len(charges(stripe)) == len(tries(row)) == 3
    subject = "[Framehouse] Automatic recharge of Studio has stopped"
    assert letters()[sent:] == [("alice@example.com", subject), ("carlo@example.com", subject)]
    later(row, minutes=11)
    assert tick(jobs) == 0  # until somebody looks
    recharges.resume(actor=world.actor(world.alice))
    assert tick(jobs) == 1
    assert len(charges(stripe)) == 4


def test_three_spread_over_more_than_ten_minutes_are_fine(world: World, stripe: StripeProcess, jobs: Jobs) -> None:
    row = turned_on(world, stripe)
    for _ in range(5):
        assert tick(jobs) == 1
        spend(world.team, available(world.team))
        later(row, minutes=4)
    assert len(charges(stripe)) == 5
    assert again(row).stopped_at is None


def test_the_months_ceiling_is_never_passed_and_mailed_of_once(world: World, stripe: StripeProcess, jobs: Jobs) -> None:
    row = turned_on(world, stripe, monthly_ceiling=90 * USD)
    tick(jobs)  # 40
    spend(world.team, 50 * USD)
    tick(jobs)  # 50: the ceiling is exactly reached
    spend(world.team, 50 * USD)
    sent = len(letters())
    for _ in range(3):
        later(row)  # no minutes: they may have been last month's
        tick(jobs)
    assert [payment.amount for payment in tries(row)] == [40 * USD, 50 * USD]
    assert letters()[sent:] == [
        ("alice@example.com", "[Framehouse] Automatic recharge of Studio has reached this month's ceiling")
    ]
    waiting = again(row).not_before
    assert waiting is not None
    assert db.now() < waiting <= db.now() + timedelta(hours=1)
    recharges.set_up(
        actor=world.actor(world.alice), threshold=row.threshold, target=row.target, monthly_ceiling=140 * USD
    )
    assert tick(jobs) == 1
    assert len(tries(row)) == 3


def test_last_months_recharges_and_failed_ones_do_not_count(world: World, stripe: StripeProcess, jobs: Jobs) -> None:
    row = turned_on(world, stripe, monthly_ceiling=50 * USD)
    tick(jobs)
    spend(world.team, 50 * USD)
    Payment.objects.filter(origin=Origin.AUTO).update(created_at=db.now() - timedelta(days=32))
    stripe.change_card(row.payment_method, "4000000000000002")
    tick(jobs)
    stripe.change_card(row.payment_method, "4242424242424242")
    recharges.resume(actor=world.actor(world.alice))
    tick(jobs)
    assert [(payment.status, payment.amount) for payment in tries(row)] == [
        ("paid", 40 * USD),
        ("failed", 50 * USD),
        ("paid", 50 * USD),
    ]


def test_whoever_is_held_up_after_the_commit_does_not_charge_late(
    world: World, stripe: StripeProcess, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = turned_on(world, stripe)
    monkeypatch.setattr(recharge_attempts, "CHARGE_WITHIN", -timedelta(seconds=1))
    tick(jobs)
    assert charges(stripe) == []
    assert [payment.status for payment in tries(row)] == ["pending"]


def test_a_purchase_by_hand_while_one_waits_is_no_second_recharge(
    world: World, stripe: StripeProcess, jobs: Jobs
) -> None:
    row = turned_on(world, stripe)
    assert recharge_attempts.ring() == 1
    credited(world, stripe)
    jobs.drain()
    assert tries(row) == []


def test_a_quiet_ring_is_one_query(
    world: World, stripe: StripeProcess, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    give(world.team, 100 * USD)
    turned_on(world, stripe)
    assert count_queries(recharge_attempts.ring) == 1
