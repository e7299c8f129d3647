"""A refund goes to Stripe and is answered, refused, lost, left pending or sent back by the bank."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.db.models.functions import Now

from accounts.audit import Staff
from accounts.models import Action, AuditEvent
from billing import payments, refunds, sweeps
from billing.models import Payment, Refund
from project import db
from project.errors import Conflict
from project.money import USD
from tests.billing.payments.shop import again, credited, intent_of
from tests.billing.refunds.conftest import Ask, settle, wallet
from tests.billing.refunds.conftest import hold as hold_of
from tests.jobs import Jobs
from tests.stripe_client import StripeProcess
from tests.world import World

pytestmark = pytest.mark.usefixtures("stripe")
FIRST = 10.0  # dollars of granted credit in the world's team


@pytest.fixture
def paid(world: World, stripe: StripeProcess) -> Payment:
    """$100 with its bonus of $5, bought at the stand-in."""
    row = credited(world, stripe)
    mail.outbox.clear()
    return row


def now(refund: Refund) -> Refund:
    return Refund.objects.get(pk=refund.pk)


def at_stripe(stripe: StripeProcess, method: str = "POST") -> list[dict[str, Any]]:
    return stripe.calls(path="/v1/refunds", method=method)


def due(refund: Refund) -> int:
    """The clock rings for it."""
    Refund.objects.filter(pk=refund.pk).update(next_action_at=Now(), rung_at=None)
    return sweeps.ring_due()


def test_it_is_paid_back(world: World, stripe: StripeProcess, paid: Payment, ask: Ask, jobs: Jobs) -> None:
    refund = ask(paid, 40)
    jobs.drain()
    refund = now(refund)
    assert (refund.status, refund.next_action_at) == ("succeeded", None)
    made = stripe.show(refund.stripe_id or "")
    assert (made["amount"], made["payment_intent"]) == (4000, again(paid).payment_intent)
    assert wallet(world.team) == (FIRST + 60, 0, 0)
    assert again(paid).status == "paid"
    assert [message.subject for message in mail.outbox] == ["[Framehouse] $40.00 was refunded to Studio"]
    rest = ask(paid, 60)
    assert again(paid).status == "refunded"
    jobs.drain(repeat=2)
    assert (now(rest).status, len(at_stripe(stripe))) == ("succeeded", 2)
    payments.converge(paid.pk, by="webhook")
    assert (again(paid).status, Refund.objects.count(), wallet(world.team)) == ("refunded", 2, (FIRST, 0, 0))


@pytest.mark.parametrize("kind", ["lost", "500_after"])
def test_the_answer_is_lost_and_it_is_found(
    world: World, stripe: StripeProcess, paid: Payment, ask: Ask, jobs: Jobs, kind: str
) -> None:
    refund = ask(paid, 40)
    stripe.fault(kind, method="POST", path="/v1/refunds", times=2)  # the SDK repeats once by itself
    jobs.drain()
    assert now(refund).status == "pending"
    assert now(refund).next_action_at is not None
    assert due(refund) == 1
    jobs.drain()
    assert now(refund).status == "succeeded"
    seen = payments.stripe_gateway.see(again(paid))
    assert [row.amount for row in seen.refunds] == [40 * USD]
    assert wallet(world.team) == (FIRST + 60, 0, 0)


def test_stripe_is_down_and_it_is_asked_less_and_less_often(
    stripe: StripeProcess, paid: Payment, ask: Ask, jobs: Jobs
) -> None:
    refund = ask(paid, 40)
    stripe.fault("refused", path="*", times=100)
    jobs.drain()
    waits = []
    for hours in (0, 1, 100):
        Refund.objects.filter(pk=refund.pk).update(created_at=db.now() - hours * refunds.AT_STRIPE)
        due(refund)
        jobs.drain()
        row = now(refund)
        assert (row.status, row.next_action_at is None) == ("pending", False)
        assert row.next_action_at is not None
        waits.append(round((row.next_action_at - db.now()).total_seconds() / 60))
    assert waits == [1, 60, 360]


def test_stripe_refuses_and_the_credit_comes_back(
    world: World, stripe: StripeProcess, paid: Payment, ask: Ask, jobs: Jobs
) -> None:
    refund = ask(paid, 40)
    stripe.refund(intent_of(paid, stripe))  # all of it, in the dashboard, just before
    assert wallet(world.team) == (FIRST + 60, 0, 0)
    jobs.drain()
    assert now(refund).status == "failed"
    assert [event.data["amount"] for event in AuditEvent.objects.filter(action=Action.REFUND_FAILED)] == [40 * USD]
    assert "A refund of $40.00 to Studio failed" in mail.outbox[0].subject
    # Its end looked at the payment again: what was refunded in the dashboard is in the books too.
    assert wallet(world.team) == (FIRST, 0, 0)
    assert sorted(Refund.objects.values_list("status", "amount", "source")) == [
        ("failed", 40 * USD, "admin"),
        ("succeeded", 100 * USD, "stripe"),
    ]
    assert again(paid).status == "refunded"


def test_pending_then_failed(world: World, stripe: StripeProcess, paid: Payment, ask: Ask, jobs: Jobs) -> None:
    """The bank takes days, then sends it back. We see it by a webhook or by our own look."""
    refund = ask(paid, 40)
    jobs.drain()
    assert now(refund).status == "succeeded"
    stripe.fail_refund(now(refund).stripe_id or "")
    payments.converge(paid.pk, by="webhook")
    assert now(refund).status == "failed"
    assert wallet(world.team) == (FIRST + 105, 0, 0)  # the bonus too
    assert again(paid).status == "paid"
    assert refunds.refundable(paid) == 100 * USD


def test_the_webhook_comes_before_the_answer(
    world: World, stripe: StripeProcess, paid: Payment, ask: Ask, jobs: Jobs
) -> None:
    refund = ask(paid, 40)
    payments.stripe_gateway.refund(now(refund))
    payments.converge(paid.pk, by="webhook")
    assert now(refund).status == "succeeded"
    jobs.drain()
    assert (len(at_stripe(stripe)), Refund.objects.count(), wallet(world.team)) == (1, 1, (FIRST + 60, 0, 0))


def test_what_is_held_comes_back_after_the_refund(world: World, paid: Payment, ask: Ask, jobs: Jobs) -> None:
    row = hold_of(world.team, 30 * USD)  # 10 granted, 5 of bonus, 15 bought
    assert refunds.refundable(paid) == 80 * USD
    ask(paid, 80)
    jobs.drain()
    settle(row, 0)
    assert wallet(world.team) == (30, 0, 0)
    assert refunds.refundable(paid) == 15 * USD


def test_staff_have_stripe_asked_again(
    stripe: StripeProcess, paid: Payment, ask: Ask, jobs: Jobs, staff: Staff
) -> None:
    refund = ask(paid, 40)
    stripe.fault("429")
    jobs.drain()
    assert now(refund).status == "pending"
    refunds.ask_again(refund=refund, by=staff)
    assert AuditEvent.objects.filter(action=Action.STAFF_CHANGED, target=refund.public_id).exists()
    jobs.drain()
    assert now(refund).status == "succeeded"
    with pytest.raises(Conflict):
        refunds.ask_again(refund=refund, by=staff)
