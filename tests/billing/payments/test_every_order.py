"""Every order of a payment's events, and of the sights that they lead to, ends in the same ledger (issue 4, proof)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import transaction

from billing import holds, payments, reconcile, stripe_events, stripe_gateway
from billing.models import Payment, Refund, StripeEvent, Transfer
from billing.stripe_seen import PaymentSeen
from project import db
from project.money import USD
from tests.billing.payments.shop import HUNDRED, books, bought, check_at_commit, intent_of, session_of
from tests.stripe_client import StripeProcess
from tests.world import FIRST_CREDIT, World

CENTS = 100
Change = Callable[[StripeProcess, str], object]


def refund(dollars: int) -> Change:
    return lambda stripe, intent: stripe.refund(intent, dollars * CENTS)


def dispute(dollars: int) -> Change:
    return lambda stripe, intent: stripe.dispute(intent, dollars * CENTS)


def end(status: str) -> Change:
    def change(stripe: StripeProcess, intent: str) -> object:
        opened = stripe.event("charge.dispute.created", intent)["data"]["object"]
        return stripe.set_dispute(opened["id"], status)

    return change


def refund_fails(stripe: StripeProcess, intent: str) -> object:
    made = stripe.events(type="refund.created", about=intent)[0]["data"]["object"]
    return stripe.fail_refund(made["id"])


# What happens after it was paid, what of the credit was spent before (micro-dollars), and the payment's status then.
LIVES: dict[str, tuple[list[Change], int, str]] = {
    "refunded in parts, disputed, won": ([refund(30), refund(20), dispute(50), end("won")], 0, "paid"),
    "refunded in parts, disputed, lost": ([refund(30), refund(20), dispute(50), end("lost")], 0, "disputed"),
    "spent, refunded, disputed, lost": (
        [refund(10), dispute(60), end("under_review"), end("lost")],
        85 * USD,
        "disputed",
    ),
    "spent, disputed, won": ([dispute(100), end("under_review"), end("won"), refund(15)], 80 * USD, "paid"),
    "a refund fails, all is refunded": ([refund(40), refund_fails, refund(60), refund(40)], 0, "refunded"),
}


def spend(world: World, amount: int) -> None:
    """Holds and captures: credit is spent before anything is taken back."""
    row = holds.hold(
        team=world.team, reference=uuid.uuid4().hex, amount=amount, expires_at=db.now(), actor="test", subject="x"
    )
    holds.settle(hold_id=row.pk, capture=amount, actor="test", reason="spent")


def in_every_order(things: Sequence[Any], do: Callable[[Any], object], status: str) -> int:
    """Does the things in every order and compares what is left at the end, and the only payment's status then. Returns
    how many orders there were.

    Two beginnings that did the same things and left the same rows go on alike: they are walked on from once. And what
    changed nothing in some rows is not done in them again."""
    ends: list[dict[str, Any]] = []
    walked: dict[tuple[frozenset[int], str], int] = {}
    idle: set[tuple[str, int]] = set()

    def walk(done: tuple[int, ...], rows: str) -> int:
        left = [place for place in range(len(things)) if place not in done]
        if not left:
            check_at_commit()
            ends.append(books())
            assert ends[-1] == ends[0], done
            return 1
        known = frozenset(done), rows
        if known not in walked:
            walked[known] = sum(step(done, rows, place) for place in left)
        return walked[known]

    def step(done: tuple[int, ...], before: str, place: int) -> int:
        if (before, place) in idle:
            return walk((*done, place), before)
        mark = transaction.savepoint()
        do(things[place])
        after = all_rows()
        if after == before:
            idle.add((before, place))
        count = walk((*done, place), after)
        transaction.savepoint_rollback(mark)
        return count

    total = walk((), all_rows())
    assert all(amount >= 0 for amount in ends[0]["balances"].values())
    assert [paid[1] for paid in ends[0]["payments"]] == [status]
    return total


def all_rows() -> str:
    """Whatever decides what happens next."""
    transfers = Transfer.objects.order_by("key").values_list("key", "amount", "lot__kind", "follows__key")
    refunds = Refund.objects.order_by("stripe_id").values_list("stripe_id", "status")
    return f"{books()} {list(transfers)} {list(refunds)}"


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "life",
    ["refunded in parts, disputed, won", "spent, refunded, disputed, lost", "a refund fails, all is refunded"],
)
def test_every_order_of_six_sights(world: World, stripe: StripeProcess, life: str) -> None:
    """Each is what a job saw at Stripe before it fell asleep; all of them wake in any order, one of them twice."""
    changes, spent, status = LIVES[life]
    row = bought(world, stripe)
    intent = intent_of(row, stripe)
    sights = [stripe_gateway.see(row)]
    payments.apply(row.pk, sights[0], "webhook")
    if spent:
        spend(world, spent)
    for change in changes:
        change(stripe, intent)
        sights.append(stripe_gateway.see(Payment.objects.get(pk=row.pk)))
    sights.append(sights[-1])

    assert in_every_order(sights, lambda seen: payments.apply(row.pk, seen, "webhook"), status) == 720


def test_every_order_of_six_events(world: World, stripe: StripeProcess) -> None:
    """Paid (told twice, by two types), refunded in two parts, disputed, lost: each event fetches what is there."""
    row = bought(world, stripe)
    intent = intent_of(row, stripe)
    for change in (refund(30), refund(20), dispute(50), end("lost")):
        change(stripe, intent)
    kinds = ["checkout.session.completed", "payment_intent.succeeded", "charge.dispute.created"]
    told = [stripe.event(kind, session_of(row) if "checkout" in kind else intent) for kind in kinds]
    told += stripe.events(type="refund.created", about=intent)
    told.append(stripe.event("charge.dispute.closed", intent))
    assert len(told) == 6
    for event in told:
        letter = stripe.letter(event["id"])
        seen = stripe_gateway.read_event(letter["body"].encode(), letter["headers"]["Stripe-Signature"])
        assert stripe_events.receive(seen, "webhook")

    pks = list(StripeEvent.objects.order_by("pk").values_list("pk", flat=True))
    assert in_every_order(pks, processed, "disputed") == 720


def processed(pk: int) -> None:
    assert stripe_events.process(pk).status == "processed"


@pytest.mark.parametrize("life", LIVES)
def test_told_after_each_change_or_only_at_the_end(world: World, stripe: StripeProcess, life: str) -> None:
    """Whether the webhooks come at once, late or never until the end: the same ledger."""
    changes, spent, status = LIVES[life]
    row = bought(world, stripe)
    intent = intent_of(row, stripe)
    payments.converge(row.pk, by="webhook")
    if spent:
        spend(world, spent)
    sights: list[PaymentSeen] = []
    for change in changes:
        change(stripe, intent)
        sights.append(stripe_gateway.see(Payment.objects.get(pk=row.pk)))
    expected = None
    for told in range(2 ** (len(sights) - 1)):
        mark = transaction.savepoint()
        for place, seen in enumerate(sights):
            if told >> place & 1 or place == len(sights) - 1:
                payments.apply(row.pk, seen, "webhook")
        check_at_commit()
        found = books()
        expected = expected or found
        assert found == expected, f"{told:b}"
        transaction.savepoint_rollback(mark)
    assert expected is not None
    assert sum(expected["accounts"].values()) == 0
    assert [paid[1] for paid in expected["payments"]] == [status]
    assert expected["balances"].get((world.team.pk, "available"), 0) <= FIRST_CREDIT + HUNDRED + 5 * USD
    assert reconcile.failures() == []
