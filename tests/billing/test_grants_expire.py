"""A grant's unspent credit expires at its end, once, and never what is held (issue 4)."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection, transaction

from accounts.models import Team
from billing import credits, expiries, holds, ledger, reconcile
from billing.models import Hold, Lot, Transfer
from project import db
from tests.concurrency.racing import patiently, race, split
from tests.world import FIRST_CREDIT, World

DOLLAR = 1_000_000


def _grant(team: Team, *, ends_in: timedelta, amount: int = DOLLAR) -> Lot:
    with transaction.atomic():
        row = credits.grant(
            team=team,
            amount=amount,
            actor="test",
            reason="spring",
            grant_id=uuid.uuid4(),
            expires_at=db.now() + ends_in,
        )
    return Lot.objects.get(transfer=row)


def _hold(team: Team, amount: int) -> Hold:
    with transaction.atomic():
        return holds.hold(
            team=team,
            reference=f"test_{uuid.uuid4().hex}",
            amount=amount,
            expires_at=db.now() + timedelta(hours=1),
            actor="test",
        )


def _end(lot: Lot) -> None:
    """Lets its end be now: past the guard, as only time can."""
    with connection.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        cursor.execute("update billing_lot set expires_at = now() - interval '1 second' where id = %s", [lot.pk])
        cursor.execute("set session_replication_role = origin")


@pytest.fixture
def team(committed_world: World) -> Team:
    return committed_world.team


def test_what_is_unspent_goes_back_to_the_house_once(team: Team) -> None:
    lot = _grant(team, ends_in=timedelta(days=30))
    assert expiries.expire() == 0
    _end(lot)
    assert expiries.expire() == 1
    assert expiries.expire() == 0
    lot.refresh_from_db()
    assert (lot.unspent, lot.expired) == (0, DOLLAR)
    assert ledger.wallet(team.pk).available.balance == FIRST_CREDIT
    assert [row.amount for row in Transfer.objects.filter(kind="expiry")] == [DOLLAR]
    assert reconcile.failures() == []


def test_what_is_held_never_expires_and_what_comes_back_does_later(team: Team) -> None:
    lot = _grant(team, ends_in=timedelta(days=30))
    spent, released = _hold(team, 300_000), _hold(team, 500_000)
    _end(lot)
    assert expiries.expire() == 1
    lot.refresh_from_db()
    assert (lot.unspent, lot.held, lot.expired) == (0, 800_000, 200_000)
    with transaction.atomic():
        holds.settle(hold_id=spent.pk, capture=300_000, actor="test", reason="delivered")
        holds.settle(hold_id=released.pk, capture=0, actor="test", reason="failed")
    assert expiries.expire() == 1
    lot.refresh_from_db()
    assert (lot.unspent, lot.held, lot.spent, lot.expired) == (0, 0, 300_000, 700_000)
    assert reconcile.failures() == []


def test_the_soonest_to_expire_is_spent_first(team: Team) -> None:
    late = _grant(team, ends_in=timedelta(days=30))
    soon = _grant(team, ends_in=timedelta(days=1))
    _hold(team, DOLLAR + 1)
    soon.refresh_from_db()
    late.refresh_from_db()
    assert (soon.held, late.held) == (DOLLAR, 1)


def test_two_sweeps_and_a_spender_at_once_lose_nothing(team: Team) -> None:
    lots = [_grant(team, ends_in=timedelta(days=30)) for _ in range(6)]
    for lot in lots:
        _end(lot)

    def spend() -> None:
        for _ in range(4):
            patiently(lambda: _hold(team, 400_000))

    _, raised = split(race([expiries.expire, spend, expiries.expire]))
    assert raised == []
    wallet = ledger.wallet(team.pk)
    expired = sum(Transfer.objects.filter(kind="expiry").values_list("amount", flat=True))
    assert wallet.held.balance == 1_600_000
    assert wallet.balance + expired == FIRST_CREDIT + 6 * DOLLAR
    assert reconcile.failures() == []
