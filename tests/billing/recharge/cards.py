"""A team with a saved card and automatic recharge, at the stand-in and here."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import Team
from billing import credits, customers, holds, ledger, recharge_attempts, recharges
from billing.models import AutoRecharge, CardRemoval, Hold, Origin, Payment
from project import db
from project.money import USD
from tests.jobs import Jobs
from tests.stripe_client import StripeProcess
from tests.world import World

PAYS = "4242424242424242"
DECLINED = "4000000000000002"
ASKS = "4000002760003184"  # for its holder, every time
EXPIRED = "4000000000000069"
THRESHOLD, TARGET, CEILING = 12 * USD, 50 * USD, 500 * USD  # the world's teams have $10.00


def with_card(team: Team, stripe: StripeProcess, number: str = PAYS) -> AutoRecharge:
    """The team's row with a card that Stripe keeps too."""
    method = stripe.save_card(customers.ensure(team), number)
    with transaction.atomic():
        recharges.card_saved(team=team, payment_method=method["id"], card=f"visa {number[-4:]}")
    return AutoRecharge.objects.get(team=team)


def turned_on(world: World, stripe: StripeProcess, number: str = PAYS, **amounts: int) -> AutoRecharge:
    """Recharge of the world's team, on."""
    with_card(world.team, stripe, number)
    wanted = {"threshold": THRESHOLD, "target": TARGET, "monthly_ceiling": CEILING, **amounts}
    with transaction.atomic():
        return recharges.set_up(actor=world.actor(world.alice), **wanted)


def again(row: AutoRecharge) -> AutoRecharge:
    return AutoRecharge.objects.get(pk=row.pk)


def tries(row: AutoRecharge) -> list[Payment]:
    """The team's automatic payments, oldest first."""
    return list(Payment.objects.filter(team=row.team, origin=Origin.AUTO).order_by("id"))


def charges(stripe: StripeProcess) -> list[dict[str, Any]]:
    """The calls that charge a card."""
    calls = stripe.calls(method="POST", path="/v1/payment_intents")
    return [call for call in calls if call["path"] == "/v1/payment_intents"]


def available(team: Team) -> int:
    return ledger.wallet(team.pk).available.balance


def spend(team: Team, amount: int) -> Hold:
    """So much less is available: it is held."""
    with transaction.atomic():
        until = db.now() + timedelta(hours=1)
        return holds.hold(team=team, amount=amount, reference=uuid.uuid4().hex, expires_at=until, actor="test")


def give(team: Team, amount: int) -> None:
    with transaction.atomic():
        credits.grant(team=team, amount=amount, actor="test", reason="test", grant_id=uuid.uuid4())


def leave(team: Team, amount: int) -> None:
    """So much is available, neither more nor less."""
    now = available(team)
    if now > amount:
        spend(team, now - amount)
    elif now < amount:
        give(team, amount - now)


def tick(jobs: Jobs) -> int:
    """The clock rings for recharges, and what is queued is done. Returns how many were rung for."""
    count = recharge_attempts.ring()
    jobs.drain()
    return count


def later(row: AutoRecharge, **since: Any) -> None:
    """So much time passes (seconds=, minutes= ...) for the team's attempts and for when it may be looked at."""
    gone = timedelta(**since)
    for payment in tries(row):
        Payment.objects.filter(pk=payment.pk).update(created_at=payment.created_at - gone)
    AutoRecharge.objects.filter(pk=row.pk).update(rung_at=None, not_before=None)


def due(row: AutoRecharge) -> None:
    """Its pending payments are to be looked up."""
    Payment.objects.filter(team=row.team, status="pending").update(next_action_at=Now(), rung_at=None)


def removals() -> list[tuple[str, bool]]:
    """(card, whether Stripe has forgotten it)."""
    return [(row.payment_method, row.ended_at is not None) for row in CardRemoval.objects.order_by("id")]
