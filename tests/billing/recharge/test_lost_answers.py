"""Stripe's answer is lost, our process is killed, many come at once: one charge, credited once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from billing import payments, recharge_attempts, recharges, sweeps
from billing.models import AutoRecharge, Payment
from project import db
from project.failpoints import KILLED
from project.money import USD
from tests.billing.recharge.cards import again, available, charges, due, later, spend, tick, tries, turned_on
from tests.concurrency.racing import race, split
from tests.flows.other_process import run
from tests.jobs import Jobs
from tests.sandbox_client import SandboxProcess
from tests.stripe_client import KEY, WEBHOOK_SECRET, StripeProcess
from tests.world import World


def swept(row: AutoRecharge, jobs: Jobs, *, times: int = 2) -> list[str]:
    """What the sweep finds out, more than once."""
    for _ in range(times):
        due(row)
        sweeps.ring_due()
        jobs.drain(repeat=2)
    return [payment.status for payment in tries(row)]


@pytest.mark.parametrize("fault", ["lost", "500_after"])
def test_a_charge_whose_answer_was_lost_is_found_and_credited_once(
    world: World, stripe: StripeProcess, jobs: Jobs, fault: str
) -> None:
    row = turned_on(world, stripe)
    stripe.fault(fault, method="POST", path="/v1/payment_intents", times=2)
    tick(jobs)
    assert [payment.status for payment in tries(row)] == ["pending"]
    assert available(world.team) == 10 * USD
    later(row, minutes=3)
    assert tick(jobs) == 0
    assert swept(row, jobs) == ["paid"]
    assert available(world.team) == 50 * USD
    assert len({call["idempotency_key"] for call in charges(stripe)}) == 1


def test_one_retry_of_the_sdk_finds_its_own_charge(world: World, stripe: StripeProcess, jobs: Jobs) -> None:
    row = turned_on(world, stripe)
    stripe.fault("lost", method="POST", path="/v1/payment_intents", times=1)
    tick(jobs)
    assert [payment.status for payment in tries(row)] == ["paid"]
    assert [call["replayed"] for call in charges(stripe)] == [False, True]
    assert available(world.team) == 50 * USD


def test_what_never_reached_stripe_is_given_up_and_tried_again_later(
    world: World, stripe: StripeProcess, jobs: Jobs
) -> None:
    row = turned_on(world, stripe)
    stripe.fault("refused", method="POST", path="/v1/payment_intents", times=2)
    tick(jobs)
    assert swept(row, jobs) == ["pending"]  # a request of ours may still be on its way
    Payment.objects.filter(team=world.team).update(expires_at=Now())
    assert swept(row, jobs) == ["failed"]
    assert tries(row)[0].failure == "unknown_to_stripe"
    assert again(row).stopped_at is None
    tick(jobs)
    assert len(tries(row)) == 1  # not at once
    later(row, minutes=6)
    assert tick(jobs) == 1
    assert [payment.status for payment in tries(row)] == ["failed", "paid"]
    assert available(world.team) == 50 * USD


def test_an_outage_of_stripes_does_not_look_like_too_many_recharges(
    world: World, stripe: StripeProcess, jobs: Jobs
) -> None:
    row = turned_on(world, stripe)
    for _ in range(8):  # an hour of it
        stripe.fault("refused", method="POST", path="/v1/payment_intents", times=2)
        tick(jobs)
        Payment.objects.filter(team=world.team, status="pending").update(expires_at=Now())
        swept(row, jobs, times=1)
        for _ in range(4):
            later(row, minutes=2)
            tick(jobs)
    assert again(row).stopped_at is None


def test_killed_between_stripes_answer_and_our_commit_credited_once(
    committed_world: World, sandbox: SandboxProcess, stripe: StripeProcess, jobs: Jobs
) -> None:
    row = turned_on(committed_world, stripe)
    keys = {"STRIPE_SECRET_KEY": KEY, "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET, "STRIPE_API_BASE": stripe.url}
    ended = run(
        f"from billing import recharge_attempts; recharge_attempts.attempt({row.pk})", FAILPOINT="after_charge", **keys
    )
    assert ended.returncode == KILLED, ended.stderr
    (payment,) = tries(row)
    assert payment.status == "pending"
    assert payment.next_action_at is not None
    assert payment.next_action_at < db.now() + timedelta(minutes=2)
    recharge_attempts.attempt(row.pk)  # the job comes again
    assert tick(jobs) == 0
    assert len(charges(stripe)) == 1
    assert swept(row, jobs) == ["paid"]
    assert available(committed_world.team) == 50 * USD


def test_many_at_once_charge_once(committed_world: World, stripe: StripeProcess) -> None:
    row = turned_on(committed_world, stripe)
    done, raised = split(race([lambda: recharge_attempts.attempt(row.pk) for _ in range(6)]))
    assert (len(done), raised) == (6, [])
    assert [payment.status for payment in tries(row)] == ["paid"]
    assert len(charges(stripe)) == 1
    assert available(committed_world.team) == 50 * USD


def test_turning_it_off_and_attempting_at_once_is_one_or_none(committed_world: World, stripe: StripeProcess) -> None:
    row, alice = turned_on(committed_world, stripe), committed_world.actor(committed_world.alice)

    def off() -> None:
        db.in_transaction(lambda: recharges.turn_off(actor=alice))

    _, raised = split(race([off, *[lambda: recharge_attempts.attempt(row.pk) for _ in range(3)]]))
    assert raised == []
    assert not again(row).enabled
    paid = len(tries(row))
    assert paid in (0, 1)
    assert available(committed_world.team) == (50 * USD if paid else 10 * USD)


def test_the_webhook_the_sweep_and_the_charge_at_once_credit_once(
    committed_world: World, stripe: StripeProcess
) -> None:
    row = turned_on(committed_world, stripe)
    stripe.fault("lost", method="POST", path="/v1/payment_intents", times=2)
    recharge_attempts.attempt(row.pk)
    (payment,) = tries(row)
    _, raised = split(race([lambda: payments.converge(payment.pk, by="sweep") for _ in range(4)]))
    assert raised == []
    assert [each.status for each in tries(row)] == ["paid"]
    assert available(committed_world.team) == 50 * USD
    spend(committed_world.team, 45 * USD)
    recharge_attempts.attempt(row.pk)
    assert [each.amount for each in tries(row)] == [40 * USD, 45 * USD]
