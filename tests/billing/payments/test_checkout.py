"""The buyer's way to Stripe's page and back: one page a payment, one customer a team."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse

from billing import customers, details, payments
from billing.models import AutoRecharge, CardRemoval, Customer, Payment
from project.errors import Conflict, Forbidden, Unavailable
from tests.billing.payments.shop import HUNDRED, again, bought, intent_of, session_of, started
from tests.stripe_client import StripeProcess
from tests.world import World


def test_what_stripe_is_asked_for(world: World, stripe: StripeProcess) -> None:
    with transaction.atomic():
        details.change(by=world.actor(world.alice), details=details.Details(name="Films", email="a@films.example"))
    row = started(world)
    session = stripe.show(session_of(row))
    assert (session["amount_total"], session["currency"], session["mode"]) == (10_000, "usd", "payment")
    assert session["client_reference_id"] == session["metadata"]["payment"] == row.public_id
    assert session["success_url"].endswith(reverse("payment_return", args=[row.public_id]))
    assert session["cancel_url"].endswith(reverse("payment", args=[row.public_id]))
    assert session["expires_at"] == int(row.expires_at.timestamp())
    customer = stripe.show(row.customer)
    assert (customer["name"], customer["email"]) == ("Films", "a@films.example")
    assert customer["metadata"] == {"team": world.team.public_id}
    stripe.pay(session["id"])
    assert stripe.show(intent_of(row, stripe))["metadata"] == {"payment": row.public_id}


def test_opened_twice_it_is_the_same_page(world: World, stripe: StripeProcess) -> None:
    row = payments.start(by=world.actor(world.alice), amount=HUNDRED)
    assert payments.open_checkout(row) == payments.open_checkout(row)
    assert stripe.stats()["calls"]["POST /v1/checkout/sessions"] == 1
    again(row)


def test_one_customer_a_team(world: World, stripe: StripeProcess) -> None:
    first, second = started(world), started(world)
    assert first.customer == second.customer == Customer.objects.get().stripe_id
    assert stripe.stats()["calls"]["POST /v1/customers"] == 1


def test_stripe_is_told_the_details_of_today(world: World, stripe: StripeProcess) -> None:
    row = started(world)
    with transaction.atomic():
        details.change(by=world.actor(world.alice), details=details.Details(name="New", city="Wien", country="AT"))
    customers.tell(world.team)
    found = stripe.show(row.customer)
    assert (found["name"], found["address"]["city"], found["address"]["country"]) == ("New", "Wien", "AT")
    customers.tell(world.other_team)  # Stripe does not know it


def test_a_customer_that_was_deleted_there_is_made_anew(world: World, stripe: StripeProcess) -> None:
    Customer.objects.create(team=world.team, stripe_id="cus_gone")
    row = payments.start(by=world.actor(world.alice), amount=HUNDRED)
    with pytest.raises(Unavailable) as refused:
        payments.open_checkout(row)
    assert refused.value.code == "payment_refused"
    assert "cus_gone" not in refused.value.detail
    assert (again(row).status, again(row).failure) == ("failed", "unknown_to_stripe")
    assert started(world).customer != "cus_gone"


def test_a_page_that_is_over_is_not_opened(world: World, stripe: StripeProcess) -> None:
    row = bought(world, stripe)
    with pytest.raises(Conflict) as refused:
        payments.open_checkout(row)
    assert refused.value.code == "payment_over"
    assert again(row).status == "paid"  # looked up on the way

    late = payments.start(by=world.actor(world.alice), amount=HUNDRED)
    Payment.objects.filter(pk=late.pk).update(expires_at=Now() + timedelta(minutes=30))
    with pytest.raises(Conflict):
        payments.open_checkout(late)


def test_canceled_nobody_can_pay(world: World, stripe: StripeProcess) -> None:
    row = started(world)
    row = payments.cancel(row, by=world.actor(world.alice))
    assert (row.status, row.failure) == ("failed", "canceled")
    assert stripe.show(session_of(row))["status"] == "expired"
    with pytest.raises(Conflict):
        payments.cancel(row, by=world.actor(world.alice))


def test_canceled_before_its_page_was_opened(world: World, stripe: StripeProcess) -> None:
    row = payments.start(by=world.actor(world.alice), amount=HUNDRED)
    assert payments.cancel(row, by=world.actor(world.alice)).failure == "canceled"
    assert stripe.calls() == []


def test_what_is_paid_is_not_canceled(world: World, stripe: StripeProcess) -> None:
    row = bought(world, stripe)
    with pytest.raises(Conflict) as refused:
        payments.cancel(row, by=world.actor(world.alice))
    assert refused.value.code == "payment_over"
    assert again(row).status == "paid"


def test_what_is_being_paid_is_not_canceled(world: World, stripe: StripeProcess) -> None:
    row = started(world)
    stripe.pay(session_of(row), "000123456789")
    with pytest.raises(Conflict):
        payments.cancel(row, by=world.actor(world.alice))
    assert again(row).status == "pending"


def test_canceled_by_who_may_not(world: World, stripe: StripeProcess) -> None:
    row = started(world)
    with pytest.raises(Forbidden):
        payments.cancel(row, by=world.actor(world.bob))


@pytest.mark.parametrize("save", [True, False])
def test_the_card_is_kept_for_recharges_when_the_buyer_asked(world: World, stripe: StripeProcess, save: bool) -> None:  # noqa: FBT001
    row = payments.converge(bought(world, stripe, save_card=save).pk, by="return")
    kept = AutoRecharge.objects.filter(team=world.team).first()
    if save:
        assert kept is not None
        assert (kept.card, kept.enabled) == ("visa 4242", False)
        assert stripe.show(kept.payment_method)["customer"] == row.customer
    else:
        assert kept is None
    assert not CardRemoval.objects.exists()
