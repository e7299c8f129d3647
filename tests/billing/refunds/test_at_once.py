"""Two who want the same credit at once, and a process that is killed between Stripe's answer and our commit."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction

from accounts.audit import Staff
from billing import ledger, refunds
from billing.models import Payment, Refund
from project.errors import Invalid, PaymentRequired
from project.failpoints import KILLED
from project.money import USD
from tests.billing.payments.shop import credited
from tests.billing.purchases import bought
from tests.billing.refunds.conftest import dispute, hold, look, owed, spend, wallet
from tests.concurrency.racing import race, split
from tests.flows.other_process import run
from tests.jobs import Jobs
from tests.sandbox_client import SandboxProcess
from tests.stripe_client import KEY, WEBHOOK_SECRET, StripeProcess
from tests.world import FIRST_CREDIT, World


@pytest.fixture
def payment(committed_world: World) -> Payment:
    """$20, and no other credit."""
    spend(committed_world.team, FIRST_CREDIT)
    return bought(committed_world.team, 20 * USD)


def asking(payment: Payment, staff: Staff, amount: int) -> Callable[[], Refund]:
    return lambda: refunds.ask(payment=payment, amount=amount * USD, actor=staff, reason="race", source="admin")


def test_refunds_at_once_take_what_there_is_and_no_more(payment: Payment, staff: Staff) -> None:
    done, refused = split(race([asking(payment, staff, 6) for _ in range(5)]))
    assert (len(done), {type(error) for error in refused}) == (3, {Invalid})
    assert wallet(payment.team) == (2, 0, 0)


def test_a_refund_against_a_hold_for_the_same_credit(payment: Payment, staff: Staff) -> None:
    done, refused = split(race([asking(payment, staff, 15), lambda: hold(payment.team, 15 * USD)] * 2))
    assert len(done) == 1
    assert {type(error) for error in refused} <= {Invalid, PaymentRequired}
    available, held, _ = wallet(payment.team)
    assert (available, held) in ((5, 0), (5, 15))


def test_a_dispute_a_refund_and_a_hold_at_once(payment: Payment, staff: Staff) -> None:
    works = [
        lambda: look(payment, dispute(20)),
        lambda: look(payment, dispute(20)),
        asking(payment, staff, 15),
        lambda: hold(payment.team, 15 * USD),
    ]
    race(works)
    with transaction.atomic():
        now = ledger.lock_wallet(payment.team_id)
    assert now.available.balance == 0 or owed(payment.team) is None
    look(payment, dispute(20, "won"))
    available, held, frozen = wallet(payment.team)
    back = sum(Refund.objects.values_list("amount", flat=True)) / USD
    assert (available + held + back, frozen, owed(payment.team)) == (20, 0, None)


def test_killed_between_stripes_answer_and_our_commit(
    committed_world: World, sandbox: SandboxProcess, stripe: StripeProcess, staff: Staff, jobs: Jobs
) -> None:
    paid = credited(committed_world, stripe)
    refund = asking(paid, staff, 40)()
    ended = run(
        f"from billing import refunds; refunds.send({refund.pk})",
        FAILPOINT="refund_answered",
        STRIPE_SECRET_KEY=KEY,
        STRIPE_WEBHOOK_SECRET=WEBHOOK_SECRET,
        STRIPE_API_BASE=stripe.url,
    )
    assert ended.returncode == KILLED, ended.stderr
    refund.refresh_from_db()
    assert (refund.status, len(stripe.calls(path="/v1/refunds", method="POST"))) == ("pending", 1)
    jobs.drain(repeat=2)
    refund.refresh_from_db()
    assert (refund.status, len(stripe.calls(path="/v1/refunds", method="POST"))) == ("succeeded", 1)
    assert wallet(committed_world.team) == (70, 0, 0)
