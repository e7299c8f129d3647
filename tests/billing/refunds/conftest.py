"""A team that bought credit and spent some, what Stripe says of it, and what the books say then."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from accounts import audit
from accounts.models import Team, User
from billing import disputes, holds, ledger, reconcile, refunds, restrictions
from billing.models import Account, Entry, Hold, Payment, Refund
from billing.stripe_seen import DisputeSeen, IntentStatus, PaymentSeen, RefundSeen
from project import db
from project.money import USD
from project.stripe_settings import Stripe
from tests.world import World, person


@pytest.fixture(autouse=True)
def _stripe_is_on(settings: Any) -> None:
    settings.STRIPE = Stripe(
        key="sk_test_standin_tests", webhook_secrets=("whsec_x",), api_base="http://127.0.0.1:9", checkout=""
    )


@pytest.fixture(autouse=True)
def _books_hold(db: None) -> Iterator[None]:
    """After each test here the ledger is sound, whatever happened in it."""
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert reconcile.failures() == []


@pytest.fixture
def staff(db: None) -> audit.Staff:
    """One of the operator's people."""
    user = person("sam")
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    user.refresh_from_db()
    return audit.Staff(user)


def spend(team: Team, amount: int) -> None:
    """Makes something for so much."""
    settle(hold(team, amount), amount)


def hold(team: Team, amount: int) -> Hold:
    """Begins to make something for so much."""
    reference, end = f"test_{uuid.uuid4().hex}", db.now() + timedelta(minutes=10)
    with transaction.atomic():
        return holds.hold(team=team, reference=reference, amount=amount, expires_at=end, actor="test")


def settle(row: Hold, used: int) -> None:
    """Ends it, having used so much."""
    with transaction.atomic():
        holds.settle(hold_id=row.pk, capture=used, actor="test", reason="test")


def seen(
    *, refunded: tuple[RefundSeen, ...] = (), disputed: tuple[DisputeSeen, ...] = (), payment: Payment | None = None
) -> PaymentSeen:
    """A paid payment as Stripe shows it."""
    intent = payment.payment_intent if payment else "pi_1"
    return PaymentSeen(intent, IntentStatus.SUCCEEDED, session_over=True, refunds=refunded, disputes=disputed)


def back(amount: float, ident: str = "re_1", status: str = "succeeded", ours: Refund | None = None) -> RefundSeen:
    """A refund of so many dollars."""
    return RefundSeen(ident, int(amount * USD), status, ours.uuid.hex if ours else "")


def dispute(amount: float, status: str = "open", ident: str = "du_1") -> DisputeSeen:
    """A dispute of so many dollars."""
    return DisputeSeen(ident, int(amount * USD), status)


def look(payment: Payment, *things: RefundSeen | DisputeSeen) -> None:
    """We look at Stripe, and these are all of its refunds and disputes."""
    snapshot = seen(
        refunded=tuple(thing for thing in things if isinstance(thing, RefundSeen)),
        disputed=tuple(thing for thing in things if isinstance(thing, DisputeSeen)),
        payment=payment,
    )
    with transaction.atomic():
        row = Payment.objects.select_for_update().get(pk=payment.pk)
        refunds.apply(payment=row, seen=snapshot)
        disputes.apply(payment=row, seen=snapshot)


def wallet(team: Team) -> tuple[float, float, float]:
    """Available, held and frozen, in dollars."""
    now = ledger.wallet(team.pk)
    frozen = now.frozen.balance if now.frozen else 0
    return now.available.balance / USD, now.held.balance / USD, frozen / USD


def house() -> dict[str, float]:
    """The house's accounts in dollars, those that moved."""
    totals = Entry.objects.filter(account__team=None).values_list("account__kind").annotate(Sum("delta"))
    return {kind: total / USD for kind, total in totals if total}


def owed(team: Team) -> float | None:
    """What restricts the team, in dollars; None where nothing does."""
    row = restrictions.open_of(team)
    return row.owed / USD if row else None


@pytest.fixture
def ours(world: World) -> Team:
    """The team of the world without its first credit: what it has is bought."""
    with transaction.atomic():
        row = ledger.lock_wallet(world.team.pk).available
    spend(world.team, row.balance)
    return world.team


Ask = Callable[..., Refund]


@pytest.fixture
def ask(staff: audit.Staff) -> Ask:
    """ask(payment, dollars): staff refund so much."""

    def do(payment: Payment, amount: float, **more: Any) -> Refund:
        given: dict[str, Any] = {"actor": staff, "reason": "asked nicely", "source": "admin", **more}
        return refunds.ask(payment=payment, amount=round(amount * USD), **given)

    return do


def accounts_of(team: Team) -> list[Account]:
    return list(Account.objects.filter(team=team).order_by("id"))
