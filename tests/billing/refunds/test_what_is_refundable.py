"""What can be refunded: the unspent part of a purchase, less what of its bonus is used. In dollars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from accounts.models import Action, AuditEvent, Team
from billing import credits, refunds
from billing.models import Lot, Payment, Refund
from project import db, queue
from project.errors import Conflict, Invalid
from project.money import USD
from tests.billing.purchases import bought
from tests.billing.refunds.conftest import Ask, dispute, hold, house, look, settle, spend, wallet

GIVEN = -20  # dollars: the first credit of the world's two teams


def can(payment: Payment) -> float:
    return refunds.refundable(payment) / USD


def test_all_of_a_fresh_purchase(ours: Team, ask: Ask) -> None:
    payment = bought(ours, 20 * USD)
    before = house()
    assert can(payment) == 20
    refund = ask(payment, 20)
    assert (refund.status, refund.amount, refund.source) == ("pending", 20 * USD, "admin")
    assert wallet(ours) == (0, 0, 0)
    assert can(payment) == 0
    assert (before["stripe"], house().get("stripe")) == (-20, None)
    assert [(job.func, job.args) for job in queue.pending()] == [("billing.tasks.send_refund", (refund.pk,))]
    event = AuditEvent.objects.get(action=Action.PAYMENT_REFUNDED)
    assert (event.actor, event.data["amount"]) == (refund.actor, 20 * USD)


def test_only_what_is_unspent(ours: Team, ask: Ask) -> None:
    payment = bought(ours, 20 * USD)
    spend(ours, 7_123_456)
    assert can(payment) == 12.87  # whole cents, rounded down
    with pytest.raises(Invalid) as refused:
        ask(payment, 12.88)
    assert [(error.path, error.code) for error in refused.value.errors] == [("amount", "too_much")]
    assert not Refund.objects.exists()
    ask(payment, 12.87)
    assert wallet(ours) == (0.006544, 0, 0)


def test_what_is_held_is_not_refundable_until_it_comes_back(ours: Team) -> None:
    payment = bought(ours, 20 * USD)
    row = hold(ours, 15 * USD)
    assert can(payment) == 5
    settle(row, 4 * USD)
    assert can(payment) == 16


def test_grants_are_spent_first_so_the_purchase_stays_refundable(ours: Team) -> None:
    with transaction.atomic():
        credits.grant(team=ours, amount=3 * USD, actor="test", reason="gift", grant_id=ours.uuid)
    payment = bought(ours, 20 * USD)
    spend(ours, 5 * USD)
    assert can(payment) == 18


def test_parts_and_never_more_than_was_bought(ours: Team, ask: Ask) -> None:
    payment, other = bought(ours, 20 * USD), bought(ours, 50 * USD)
    ask(payment, 5)
    ask(payment, 7.5)
    assert (can(payment), can(other)) == (7.5, 50)
    with pytest.raises(Invalid):
        ask(payment, 7.51)
    ask(payment, 7.5)
    assert (can(payment), wallet(ours)) == (0, (50, 0, 0))


@pytest.mark.parametrize("amount", [0, -5, 0.005, 20.01])
def test_amounts_that_cannot_be(ours: Team, ask: Ask, amount: float) -> None:
    payment = bought(ours, 20 * USD)
    with pytest.raises(Invalid):
        ask(payment, amount)
    assert wallet(ours) == (20, 0, 0)


def test_a_refund_of_a_part_undoes_the_whole_bonus(ours: Team, ask: Ask) -> None:
    payment = bought(ours, 20 * USD, 2 * USD)
    assert can(payment) == 20
    ask(payment, 5)
    assert wallet(ours) == (15, 0, 0)
    assert house()["grants"] == GIVEN  # the bonus is the house's again
    assert can(payment) == 15


def test_what_of_the_bonus_was_spent_comes_off_what_is_refundable(ours: Team, ask: Ask) -> None:
    payment = bought(ours, 20 * USD, 2 * USD)
    spend(ours, 1_500_000)  # grants go first
    assert can(payment) == 18.5
    ask(payment, 10)
    assert wallet(ours) == (8.5, 0, 0)  # 22 less 1.5 spent, 10 refunded, 2 of bonus
    assert house()["grants"] == GIVEN
    assert can(payment) == 8.5
    ask(payment, 8.5)
    assert wallet(ours) == (0, 0, 0)


def test_what_of_the_bonus_is_held_counts_as_used_and_is_not_asked_for_twice(ours: Team, ask: Ask) -> None:
    payment = bought(ours, 20 * USD, 2 * USD)
    row = hold(ours, 3 * USD)  # the bonus and 1 of the purchase
    assert can(payment) == 17
    ask(payment, 1)
    assert wallet(ours) == (16, 3, 0)
    settle(row, 0)  # the bonus comes back; it was paid for with 2 of the purchase
    assert wallet(ours) == (19, 0, 0)
    assert can(payment) == 17  # 20 - 2 - 1
    ask(payment, 17)
    assert wallet(ours) == (2, 0, 0)
    assert house()["grants"] == GIVEN


def test_expired_bonus_is_not_asked_for(ours: Team, ask: Ask) -> None:
    from billing import ledger
    from billing.models import AccountKind, TransferKind

    payment = bought(ours, 20 * USD, 2 * USD)
    lot = Lot.objects.get(transfer__payment=payment, kind="grant")
    with transaction.atomic():
        ledger.post(
            key="expiry:test",
            kind=TransferKind.EXPIRY,
            debit=ledger.lock_wallet(ours.pk).available,
            credit=ledger.house(AccountKind.GRANTS),
            amount=2 * USD,
            lot=lot,
            actor="test",
            reason="expired",
        )
    assert can(payment) == 20
    ask(payment, 20)
    assert wallet(ours) == (0, 0, 0)


def test_a_disputed_payment_is_not_refundable(ours: Team, ask: Ask) -> None:
    payment = bought(ours, 20 * USD)
    look(payment, dispute(5))
    assert can(payment) == 0
    with pytest.raises(Conflict) as refused:
        ask(payment, 1)
    assert refused.value.code == "payment_disputed"
    look(payment, dispute(5, "won"))
    assert can(payment) == 20
    ask(payment, 20)


def test_a_pending_payment_is_not_refundable(ours: Team, ask: Ask) -> None:
    now = db.now()
    payment = Payment.objects.create(team=ours, origin="checkout", amount=USD, next_action_at=now, expires_at=now)
    assert can(payment) == 0
    with pytest.raises(Conflict) as refused:
        ask(payment, 1)
    assert refused.value.code == "not_paid"


def test_asking_costs_few_queries(ours: Team, ask: Ask, count_queries: Callable[[Callable[[], Any]], int]) -> None:
    payment = bought(ours, 20 * USD, 2 * USD)
    assert count_queries(lambda: refunds.refundable(payment)) <= 5
