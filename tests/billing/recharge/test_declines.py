"""A decline stops it until somebody looks; a bank that asks for the card's holder is answered by mail."""

from __future__ import annotations

import re

import pytest
from django.core import mail

from accounts.models import Action, AuditEvent, Role
from billing import payments, recharge_attempts, recharges, stripe_gateway, sweeps
from billing.models import StopReason
from project.money import USD
from tests.billing.conftest import join, letters
from tests.billing.recharge.cards import (
    ASKS,
    DECLINED,
    EXPIRED,
    PAYS,
    again,
    available,
    charges,
    due,
    later,
    tick,
    tries,
    turned_on,
)
from tests.jobs import Jobs
from tests.stripe_client import StripeProcess
from tests.world import World

STOPPED = "[Framehouse] Automatic recharge of Studio has stopped"
CONFIRM = "[Framehouse] Confirm the recharge of Studio with your bank"


@pytest.mark.parametrize(
    ("number", "reason", "subject"),
    [
        (DECLINED, "declined", STOPPED),
        (EXPIRED, "card_unusable", STOPPED),
        (ASKS, "authentication_required", CONFIRM),
    ],
)
def test_a_refusal_stops_it_until_somebody_looks(
    world: World, stripe: StripeProcess, jobs: Jobs, number: str, reason: str, subject: str
) -> None:
    carlo = join(world, "carlo", Role.BILLING)
    row = turned_on(world, stripe, number)
    tick(jobs)
    (payment,) = tries(row)
    assert (payment.status, payment.failure, payment.next_action_at) == ("failed", reason, None)
    assert again(row).stopped_reason == reason
    assert available(world.team) == 10 * USD
    assert letters() == [("alice@example.com", subject), ("carlo@example.com", subject)]
    stopped = AuditEvent.objects.get(action=Action.RECHARGE_STOPPED)
    assert (stopped.actor, stopped.data["amount"]) == ("system", 40 * USD)
    assert payment.payment_intent is not None
    assert stripe.show(payment.payment_intent)["status"] == "canceled"  # nobody pays by it later, unseen

    for minutes in (1, 11, 60 * 24 * 40):  # never again by itself
        later(row, minutes=minutes)
        tick(jobs)
        recharge_attempts.attempt(row.pk)
    payments.converge(payment.pk, by="sweep")
    assert len(charges(stripe)) == 1
    assert len(letters()) == 2

    stripe.change_card(row.payment_method, PAYS)
    recharges.resume(actor=world.actor(carlo))
    tick(jobs)
    assert [each.status for each in tries(row)] == ["failed", "paid"]
    assert available(world.team) == 50 * USD


def test_the_mail_of_a_bank_that_asks_leads_to_the_same_purchase(
    world: World, stripe: StripeProcess, jobs: Jobs
) -> None:
    turned_on(world, stripe, ASKS, target=1_250 * USD, monthly_ceiling=2_000 * USD)
    tick(jobs)
    body = str(mail.outbox[0].body)
    assert "$1,240.00" in body
    found = re.search(r"go\?to=(/wallet/top-up\S+)", body)
    assert found is not None
    assert found[1] == "/wallet/top-up%3Famount%3D1240.00%26save_card%3D1"


def test_a_card_that_stripe_no_longer_has_stops_it(world: World, stripe: StripeProcess, jobs: Jobs) -> None:
    row = turned_on(world, stripe)
    stripe_gateway.detach(row.payment_method)
    tick(jobs)
    assert [(each.status, each.failure) for each in tries(row)] == [("failed", "card_unusable")]
    assert again(row).stopped_reason == StopReason.CARD_UNUSABLE


def test_a_decline_whose_answer_was_lost_is_found_and_stops_it_once(
    world: World, stripe: StripeProcess, jobs: Jobs
) -> None:
    row = turned_on(world, stripe, DECLINED)
    stripe.fault("lost", method="POST", path="/v1/payment_intents", times=4)
    tick(jobs)
    assert [each.status for each in tries(row)] == ["pending"]
    assert again(row).stopped_at is None
    for _ in range(2):
        due(row)
        sweeps.ring_due()
        jobs.drain(repeat=2)
    (payment,) = tries(row)
    assert (payment.status, payment.failure) == ("failed", "declined")
    assert payment.payment_intent is not None
    assert stripe.show(payment.payment_intent)["status"] == "canceled"
    assert again(row).stopped_reason == StopReason.DECLINED
    assert letters() == [("alice@example.com", STOPPED)]


def test_an_intent_that_cannot_be_ended_now_is_ended_by_the_sweep(
    world: World, stripe: StripeProcess, jobs: Jobs
) -> None:
    row = turned_on(world, stripe, DECLINED)
    stripe.fault("500", method="POST", path="*/cancel", times=2)
    tick(jobs)
    assert [each.status for each in tries(row)] == ["pending"]
    assert letters() == []
    due(row)
    payments.converge(tries(row)[0].pk, by="sweep")
    due(row)
    payments.converge(tries(row)[0].pk, by="sweep")
    (payment,) = tries(row)
    assert (payment.status, payment.failure) == ("failed", "declined")
    assert payment.payment_intent is not None
    assert stripe.show(payment.payment_intent)["status"] == "canceled"
    assert letters() == [("alice@example.com", STOPPED)]


def test_a_decline_of_one_that_was_turned_off_meanwhile_mails_nobody(
    world: World, stripe: StripeProcess, jobs: Jobs
) -> None:
    row = turned_on(world, stripe, DECLINED)
    stripe.fault("lost", method="POST", path="/v1/payment_intents", times=4)
    tick(jobs)
    recharges.turn_off(actor=world.actor(world.alice))
    due(row)
    payments.converge(tries(row)[0].pk, by="sweep")
    assert tries(row)[0].status == "failed"
    assert (again(row).enabled, again(row).stopped_at) == (False, None)
    assert letters() == []
