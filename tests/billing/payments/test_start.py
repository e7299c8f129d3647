"""Who may start a payment, of what, and what is kept with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.actors import Actor
from accounts.models import Membership, TeamStatus
from billing import details, payment_states, payments
from billing.models import CENT, Origin, Payment, Restriction
from billing.stripe_seen import StripeFailed
from project import db
from project.errors import Forbidden, Invalid, RateLimited, Unavailable
from project.money import USD
from tests.billing.payments.shop import HUNDRED, credited, started
from tests.stripe_client import StripeProcess
from tests.world import World


def test_what_a_payment_keeps(world: World, stripe: StripeProcess) -> None:
    with transaction.atomic():
        details.change(by=world.actor(world.alice), details=details.Details(name="Films & Sons", country="AT"))
    row = payments.start(by=world.actor(world.alice), amount=500 * USD, save_card=True)
    assert (row.status, row.amount, row.bonus, row.save_card) == ("pending", 500 * USD, 50 * USD, True)
    assert row.membership is not None
    assert row.membership.user == world.alice
    assert row.invoice["name"] == "Films & Sons"
    assert row.next_action_at is not None
    assert row.expires_at - db.now() > timedelta(minutes=119)
    with transaction.atomic():
        details.change(by=world.actor(world.alice), details=details.Details(name="Another"))
    row.refresh_from_db()
    assert row.invoice["name"] == "Films & Sons"
    assert stripe.calls() == []  # Stripe hears of it when the page is opened


def test_a_program_may_with_the_scope(world: World, stripe: StripeProcess) -> None:
    assert payments.start(by=world.actor(), amount=HUNDRED).membership is None


@pytest.mark.parametrize("amount", [4_990_000, 5_000 * USD + CENT, 10 * USD + 1, -HUNDRED])
def test_amounts_that_cannot_be_bought(world: World, stripe: StripeProcess, amount: int) -> None:
    with pytest.raises(Invalid) as refused:
        payments.start(by=world.actor(world.alice), amount=amount)
    assert [error.path for error in refused.value.errors] == ["amount"]
    assert not Payment.objects.exists()


def test_roles_that_do_not_look_after_money(world: World, stripe: StripeProcess) -> None:
    for user in (world.bob, world.carol):
        with pytest.raises(Forbidden):
            payments.start(by=world.actor(user), amount=HUNDRED)


def test_who_was_removed_meanwhile(world: World, stripe: StripeProcess) -> None:
    Membership.objects.filter(user=world.bob).update(role="billing")
    actor = world.actor(world.bob)
    Membership.objects.filter(user=world.bob).update(role="member")
    with pytest.raises(Forbidden):
        payments.start(by=actor, amount=HUNDRED)


def test_ten_may_wait_and_no_more(world: World, stripe: StripeProcess) -> None:
    rows = [payments.start(by=world.actor(world.alice), amount=HUNDRED) for _ in range(payments.MOST_PENDING)]
    with pytest.raises(RateLimited) as refused:
        payments.start(by=world.actor(world.alice), amount=HUNDRED)
    assert refused.value.code == "too_many_payments"
    payments.cancel(rows[0], by=world.actor(world.alice))
    payments.start(by=world.actor(world.alice), amount=HUNDRED)


@pytest.mark.parametrize("status", [TeamStatus.SUSPENDED, TeamStatus.CLOSING])
def test_a_team_that_is_not_active(world: World, stripe: StripeProcess, status: TeamStatus) -> None:
    world.team.status = status
    world.team.save()
    with pytest.raises(Forbidden) as refused:
        payments.start(by=world.actor(world.alice), amount=HUNDRED)
    assert refused.value.code == f"team_{status}"


def test_a_restricted_team(world: World, stripe: StripeProcess) -> None:
    row = credited(world, stripe)
    Restriction.objects.create(team=world.team, payment=row, owed=1, reason="test")
    with pytest.raises(Forbidden) as refused:
        payments.start(by=world.actor(world.alice), amount=HUNDRED)
    assert refused.value.code == "team_restricted"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda world, row: Restriction.objects.create(team=world.team, payment=row, owed=1, reason="x"), "team_res"),
        (lambda world, row: type(world.team).objects.filter(pk=world.team.pk).update(status="suspended"), "team_inac"),
    ],
)
def test_what_came_to_be_since_we_looked_is_said_as_well(
    world: World,
    stripe: StripeProcess,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[World, Payment], object],
    code: str,
) -> None:
    """Between our look and the insert: the database's own rule is translated."""
    row = credited(world, stripe)
    frozen = details.frozen

    def meanwhile(team: Any) -> dict[str, str]:
        spoil(world, row)
        return frozen(team)

    monkeypatch.setattr(details, "frozen", meanwhile)
    with pytest.raises(Forbidden) as refused, transaction.atomic():
        new(world)
    assert refused.value.code.startswith(code)


def new(world: World, origin: Origin = Origin.CHECKOUT) -> Payment:
    return payments.create(
        team=world.team, membership=None, origin=origin, amount=HUNDRED, bonus=0, lifetime=timedelta(hours=1)
    )


def test_rules_of_automatic_recharges_keep_their_name(world: World, stripe: StripeProcess) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        new(world, Origin.AUTO)
    assert db.broken_rule(refused.value) == "auto_recharge_is_on"


def test_without_a_key_buying_is_off(world: World, stripe: StripeProcess, settings: Any) -> None:
    row = started(world)
    settings.STRIPE = type(settings.STRIPE)("", (), settings.STRIPE.api_base, settings.STRIPE.checkout)
    actor: Actor = world.actor(world.alice)
    for call in (
        lambda: payments.start(by=actor, amount=HUNDRED),
        lambda: payments.open_checkout(row),
        lambda: payments.cancel(row, by=actor),
    ):
        with pytest.raises(Unavailable) as refused:
            call()
        assert refused.value.code == "buying_is_off"
    with pytest.raises(StripeFailed) as silent:
        payments.look_up(row.pk, by="sweep")
    assert not silent.value.sent
    assert payments.converge(row.pk, by="sweep").status == "pending"


def test_a_pending_payment_is_looked_up_often_at_first_and_seldom_later(world: World, stripe: StripeProcess) -> None:
    row = started(world)
    ages = [timedelta(seconds=5), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=10), timedelta(days=4)]
    pauses = [payment_states.next_look(row, row.created_at + age) - row.created_at - age for age in ages]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=10), timedelta(hours=3))
