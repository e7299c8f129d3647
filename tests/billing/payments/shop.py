"""Buying credit in a test: our services, the stand-in's buyers, and the events that it would send."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Now
from django.test import Client

from billing import payments
from billing.models import Account, Dispute, Entry, Lot, Payment, Refund, Restriction, StripeEvent
from project.money import USD
from tests.stripe_client import StripeProcess
from tests.world import World

HUNDRED, BONUS = 100 * USD, 5 * USD  # a pack and what comes with it
CALLBACK = "/callbacks/stripe"


def started(world: World, amount: int = HUNDRED, *, save_card: bool = False) -> Payment:
    """A pending payment of alice's, its page open at Stripe."""
    row = payments.start(by=world.actor(world.alice), amount=amount, save_card=save_card)
    payments.open_checkout(row)
    return again(row)


def bought(world: World, stripe: StripeProcess, amount: int = HUNDRED, *, save_card: bool = False) -> Payment:
    """A payment that was paid at Stripe; nobody has told us yet."""
    row = started(world, amount, save_card=save_card)
    paid = stripe.pay(session_of(row))
    assert paid["status"] == "succeeded"
    return row


def credited(world: World, stripe: StripeProcess, amount: int = HUNDRED) -> Payment:
    """A payment that is paid, and credited."""
    row = payments.converge(bought(world, stripe, amount).pk, by="return")
    assert row.status == "paid"
    return row


def again(row: Payment) -> Payment:
    """The payment as it is now."""
    return Payment.objects.select_related("team").get(pk=row.pk)


def session_of(row: Payment) -> str:
    assert row.checkout_session is not None
    return row.checkout_session


def intent_of(row: Payment, stripe: StripeProcess) -> str:
    """The intent of a payment, as Stripe has it."""
    return str(stripe.show(session_of(row))["payment_intent"])


def send(client: Client, letter: dict[str, Any], **headers: str) -> int:
    """Posts a letter of the stand-in's to our address. Returns the status."""
    kind = letter["headers"]["Content-Type"]
    sent = {name: value for name, value in letter["headers"].items() if name == "Stripe-Signature"} | headers
    response = client.post(CALLBACK, data=letter["body"], content_type=kind, headers=sent)
    return int(response.status_code)


def event_of(stripe_id: str) -> StripeEvent:
    return StripeEvent.objects.get(event_id=stripe_id)


def make_due() -> None:
    """Time passes: every pending payment is looked up at the clock's next ring."""
    Payment.objects.filter(status="pending").update(next_action_at=Now(), rung_at=None)


def books() -> dict[str, Any]:
    """All that money is: every account's sum, every lot's parts, every payment's status."""
    sums = Entry.objects.order_by().values_list("account__team", "account__kind").annotate(all=Sum("delta"))
    return {
        "accounts": {(team, kind): total for team, kind, total in sums if total},
        "balances": {(row.team_id, row.kind): row.balance for row in Account.objects.exclude(team=None) if row.balance},
        "lots": sorted(Lot.objects.values_list("kind", "unspent", "held", "spent", "frozen", "taken", "expired")),
        "payments": sorted(Payment.objects.values_list("uuid", "status", "failure")),
        "refunds": sorted(Refund.objects.exclude(status="failed").values_list("stripe_id", "amount", "status")),
        "disputes": sorted(Dispute.objects.values_list("stripe_id", "amount", "status")),
        "owed": list(Restriction.objects.filter(lifted_at=None).values_list("team", "owed")),
    }


def check_at_commit() -> None:
    """What the database checks at COMMIT, now."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def types(events: Iterable[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]
