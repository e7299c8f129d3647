"""What money tells: a low wallet, a reached budget, a paid payment, each once, in the transaction of its fact."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from accounts.models import EventType, Membership, OutgoingEvent
from accounts.webhooks import endpoints, examples
from billing import balance_watch, holds, payment_outcomes
from billing.models import BalanceWatch, Budget, Origin, Payment
from billing.stripe_seen import IntentStatus, PaymentSeen
from project import db
from project.errors import PaymentRequired
from project.money import USD
from tests.accounts.webhooks.conftest import receiver  # noqa: F401  (fixture)
from tests.accounts.webhooks.receiver import Receiver
from tests.tenancy.scene import FUTURE
from tests.world import FIRST_CREDIT, World


@pytest.fixture(autouse=True)
def _listening(world: World, receiver: Receiver) -> None:  # noqa: F811
    endpoints.add(by=world.actor(world.alice), url=receiver.url())


def only(kind: EventType) -> OutgoingEvent:
    """The one event there is: of this type, and shaped as its example."""
    (event,) = OutgoingEvent.objects.all()
    assert event.type == kind
    example = examples.of(kind)
    assert event.payload.keys() == example.keys()
    for name, value in example.items():
        assert isinstance(event.payload[name], dict) == isinstance(value, dict), name
    assert event.sequence == 1
    return event


def test_a_low_wallet_is_told_once(world: World) -> None:
    watch = BalanceWatch.objects.create(team=world.team, low_balance=FIRST_CREDIT + 10_000)
    for _ in range(3):
        balance_watch.warn(watch.pk)
    data = only(EventType.WALLET_LOW).payload
    assert data["available"] == {"usd": "10", "credits": "2000"}
    assert data["low_balance"]["usd"] == "10.01"
    assert data["automatic_recharge"] is False


def test_a_reached_budget_is_told_once(world: World) -> None:
    membership = Membership.objects.get(team=world.team, user=world.bob)
    Budget.objects.create(team=world.team, membership=membership, period="month", limit=USD)

    def hold(amount: int, name: str) -> None:
        with transaction.atomic():
            holds.hold(
                team=world.team,
                reference=name,
                amount=amount,
                expires_at=db.now() + FUTURE,
                actor="test",
                membership=membership,
            )

    hold(700_000, "a")
    assert OutgoingEvent.objects.count() == 0
    hold(150_000, "b")
    hold(10_000, "c")
    data = only(EventType.BUDGET_REACHED).payload
    assert (data["of"], data["member"], data["key"]) == ("member", membership.public_id, None)
    assert (data["threshold"], data["period"]) == (80, "month")
    assert (data["held"]["usd"], data["cap"]["usd"], data["left"]["usd"]) == ("0.85", "1", "0.15")
    hold(140_000, "d")
    last = OutgoingEvent.objects.get(sequence=2)
    assert (last.type, last.payload["threshold"], last.payload["left"]["usd"]) == ("budget.reached", 100, "0")


def test_a_refused_hold_tells_nothing(world: World) -> None:
    membership = Membership.objects.get(team=world.team, user=world.bob)
    Budget.objects.create(team=world.team, membership=membership, period="month", limit=100 * USD)
    more: dict[str, Any] = {"expires_at": db.now() + FUTURE, "actor": "test", "membership": membership}
    with pytest.raises(PaymentRequired), transaction.atomic():
        holds.hold(team=world.team, reference="a", amount=90 * USD, **more)
    assert OutgoingEvent.objects.count() == 0


def test_a_paid_payment_is_told_once(world: World) -> None:
    membership = Membership.objects.get(team=world.team, user=world.alice)
    row = Payment.objects.create(
        team=world.team,
        membership=membership,
        origin=Origin.CHECKOUT,
        amount=25 * USD,
        bonus=0,
        customer="cus_test",
        checkout_session="cs_test_1",
        next_action_at=db.now(),
        expires_at=db.now() + FUTURE,
    )
    seen = PaymentSeen("pi_1", IntentStatus.SUCCEEDED, session_over=True, received=25 * USD, currency="usd")
    for _ in range(3):
        with transaction.atomic():
            payment_outcomes.apply(row.pk, seen, "webhook")
    data = only(EventType.PAYMENT_PAID).payload
    assert (data["id"], data["status"], data["amount"]["usd"]) == (row.public_id, "paid", "25")
    assert data["paid_at"] is not None
