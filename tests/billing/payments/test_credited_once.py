"""Credit is given once for a payment, by whoever hears of it first, and only when it is paid."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Action, AuditEvent
from billing import details, ledger, payments, stripe_gateway, sweeps
from billing.models import Failure, Lot, Payment, Transfer
from tests.billing.conftest import letters
from tests.billing.payments.shop import (
    BONUS,
    HUNDRED,
    again,
    bought,
    check_at_commit,
    event_of,
    intent_of,
    make_due,
    send,
    session_of,
    started,
)
from tests.jobs import Jobs
from tests.stripe_client import StripeProcess
from tests.world import FIRST_CREDIT, World


def hear(way: str, row: Payment, stripe: StripeProcess, client: Client, jobs: Jobs) -> None:
    """We are told, by one of the three ways."""
    if way == "webhook":
        event = stripe.event("checkout.session.completed", session_of(row))
        assert send(client, stripe.letter(event["id"])) == 200
        jobs.drain()
    elif way == "return":
        payments.converge(row.pk, by="return")
    else:
        make_due()
        sweeps.ring_due()
        jobs.drain()


@pytest.mark.parametrize("ways", list(itertools.permutations(["webhook", "return", "sweep"])))
def test_credited_once_by_whichever_way_is_first(
    world: World, stripe: StripeProcess, client: Client, jobs: Jobs, ways: tuple[str, ...]
) -> None:
    row = bought(world, stripe)
    for way in (*ways, ways[0]):
        hear(way, row, stripe, client, jobs)
    check_at_commit()
    row = again(row)
    assert (row.status, row.credited_by) == ("paid", ways[0])
    assert row.payment_intent == intent_of(row, stripe)
    assert row.card == "visa 4242"
    assert row.next_action_at is None
    assert ledger.wallet(world.team.pk).balance == FIRST_CREDIT + HUNDRED + BONUS
    keys = list(Transfer.objects.filter(payment=row).order_by("id").values_list("kind", "amount"))
    assert keys == [("topup", HUNDRED), ("grant", BONUS)]
    assert Transfer.objects.filter(key=f"stripe:{row.payment_intent}").count() == 1
    kinds = Lot.objects.filter(transfer__payment=row).order_by("id").values_list("kind", "unspent")
    assert list(kinds) == [("purchase", HUNDRED), ("grant", BONUS)]


def test_the_log_and_the_mail_tell_of_it_once(world: World, stripe: StripeProcess) -> None:
    row = bought(world, stripe)
    for _ in range(3):
        payments.converge(row.pk, by="return")
    event = AuditEvent.objects.get(team=world.team, action=Action.CREDIT_BOUGHT)
    assert event.actor == f"user:{world.alice.pk}"
    assert event.data["amount"] == HUNDRED
    assert event.data["payment"] == row.public_id
    assert [to for to, _ in letters()] == [world.alice.email]


def test_without_a_bonus_there_is_no_grant(world: World, stripe: StripeProcess) -> None:
    row = payments.converge(bought(world, stripe, 10_000_000).pk, by="return")
    assert list(Transfer.objects.filter(payment=row).values_list("kind", flat=True)) == ["topup"]


def test_an_open_page_credits_nothing_and_is_looked_at_again(world: World, stripe: StripeProcess) -> None:
    row = started(world)
    before = row.next_action_at
    row = payments.converge(row.pk, by="return")
    assert row.status == "pending"
    assert before is not None
    assert row.next_action_at is not None
    assert row.next_action_at > before
    assert ledger.wallet(world.team.pk).balance == FIRST_CREDIT


def test_a_declined_attempt_leaves_the_page_open(world: World, stripe: StripeProcess) -> None:
    row = started(world)
    assert stripe.pay(session_of(row), "4000000000000002")["status"] == "declined"
    assert payments.converge(row.pk, by="return").status == "pending"
    stripe.pay(session_of(row))
    assert payments.converge(row.pk, by="return").status == "paid"


@pytest.mark.parametrize("outcome", ["succeed", "fail"])
def test_an_asynchronous_payment_is_credited_when_it_is_paid(
    world: World, stripe: StripeProcess, client: Client, jobs: Jobs, outcome: str
) -> None:
    row = started(world)
    assert stripe.pay(session_of(row), "000123456789")["status"] == "processing"
    event = stripe.event("checkout.session.completed", session_of(row))
    assert event["data"]["object"]["payment_status"] == "unpaid"
    send(client, stripe.letter(event["id"]))
    jobs.drain()
    row = again(row)
    assert (row.status, row.payment_intent) == ("pending", intent_of(row, stripe))
    assert event_of(event["id"]).status == "processed"
    assert ledger.wallet(world.team.pk).balance == FIRST_CREDIT

    stripe.settle(intent_of(row, stripe), outcome)
    name = "async_payment_succeeded" if outcome == "succeed" else "async_payment_failed"
    send(client, stripe.letter(stripe.event(f"checkout.session.{name}")["id"]))
    jobs.drain()
    row = again(row)
    if outcome == "succeed":
        assert (row.status, row.credited_by) == ("paid", "webhook")
        assert ledger.wallet(world.team.pk).balance == FIRST_CREDIT + HUNDRED + BONUS
    else:
        assert (row.status, row.failure) == ("failed", "declined")
        assert ledger.wallet(world.team.pk).balance == FIRST_CREDIT
    assert [to for to, _ in letters()] == [world.alice.email]  # a receipt, or that it failed
    check_at_commit()


@pytest.mark.parametrize("change", [{"amount": 99_990_000}, {"currency": "eur"}])
def test_another_amount_or_currency_is_never_credited(
    world: World, stripe: StripeProcess, change: dict[str, object]
) -> None:
    """The page asked for something else than the row says: as if somebody had changed the one or the other."""
    row = payments.start(by=world.actor(world.alice), amount=HUNDRED)
    for name, value in change.items():
        setattr(row, name, value)
    row.customer = stripe_gateway.make_customer(world.team, details.of(world.team), hour="now")
    session, _ = stripe_gateway.open_checkout(
        row, customer=row.customer, success_url="http://x/a", cancel_url="http://x/b", save_card=False
    )
    Payment.objects.filter(pk=row.pk).update(checkout_session=session, customer=row.customer)
    stripe.pay(session)
    for _ in range(2):
        row = payments.converge(row.pk, by="return")
        assert (row.status, row.failure, row.next_action_at) == ("failed", "mismatch", None)
    assert row.payment_intent is not None
    assert ledger.wallet(world.team.pk).balance == FIRST_CREDIT
    assert not Transfer.objects.filter(payment=row).exists()
    check_at_commit()


def test_an_expired_page_ends_the_payment(world: World, stripe: StripeProcess, client: Client, jobs: Jobs) -> None:
    row = started(world)
    stripe.advance(3 * 3600)
    send(client, stripe.letter(stripe.event("checkout.session.expired")["id"]))
    jobs.drain()
    row = again(row)
    assert (row.status, row.next_action_at) == ("failed", None)
    assert row.failure == "expired"
    assert letters() == []


def test_a_failed_payment_that_is_paid_after_all_is_credited(world: World, stripe: StripeProcess) -> None:
    row = bought(world, stripe)
    payments.fail(row.pk, reason=Failure.CANCELED)
    assert again(row).status == "failed"
    row = payments.converge(row.pk, by="webhook")
    assert (row.status, row.failure) == ("paid", "")
    assert ledger.wallet(world.team.pk).balance == FIRST_CREDIT + HUNDRED + BONUS
    check_at_commit()


def test_the_cost_of_crediting(
    world: World, stripe: StripeProcess, count_queries: Callable[[Callable[[], object]], int]
) -> None:
    row = bought(world, stripe)
    seen = stripe_gateway.see(row)
    first = count_queries(lambda: payments.apply(row.pk, seen, "webhook"))
    later = count_queries(lambda: payments.apply(row.pk, seen, "webhook"))
    assert first <= 36  # 33 now: locks, two transfers with what follows from them, log, mail
    assert later <= 10
