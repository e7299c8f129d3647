"""Mail at 80 % and 100 % of a cap: once, to whom it concerns, armed again by a higher cap alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction

from accounts.models import Membership, Role
from billing import budget_raises, budgets, ledger
from billing.models import BudgetWarning, Period
from generations import outcomes
from generations.models import Generation, Reason
from project import db
from project.errors import PaymentRequired
from tests.billing.conftest import DATA, DIME, SLUG, cap, join, key_cap, letters
from tests.invariants.steps import accept, deliver, run
from tests.world import World

BOB, ALICE, DORA = "bob@example.com", "alice@example.com", "dora@example.com"


def make(world: World, count: int, *, key: bool = False) -> list[Generation]:
    actor = world.actor(None if key else world.bob)
    return [accept(actor, SLUG, DATA) for _ in range(count)]


def told() -> list[tuple[str, str]]:
    """(to, threshold) of the warnings, and no more of them."""
    found = [(to, "100" if "used up" in subject else "80" if "80 %" in subject else "?") for to, subject in letters()]
    mail.outbox.clear()
    return found


def test_a_member_hears_at_80_and_the_owners_and_admins_too_at_100(world: World) -> None:
    join(world, "dora", Role.ADMIN)
    cap(world, world.bob, 10 * DIME)
    make(world, 7)
    assert told() == []
    make(world, 1)
    assert told() == [(BOB, "80")]
    make(world, 1)
    assert told() == []
    make(world, 1)
    assert told() == [(BOB, "100"), (ALICE, "100"), (DORA, "100")]
    with pytest.raises(PaymentRequired):
        make(world, 1)
    assert told() == []


def test_of_a_key_s_budget_owners_and_admins_hear(world: World) -> None:
    join(world, "dora", Role.ADMIN)
    key_cap(world, 5 * DIME)
    make(world, 4, key=True)
    assert told() == [(ALICE, "80"), (DORA, "80")]
    make(world, 1, key=True)
    assert told() == [(ALICE, "100"), (DORA, "100")]


def test_an_admin_s_own_budget_is_told_once(world: World) -> None:
    Membership.objects.filter(user=world.bob).update(role=Role.ADMIN)
    cap(world, world.bob, DIME)
    make(world, 1)
    assert told() == [(BOB, "100"), (ALICE, "100")]


def test_a_jump_over_both_tells_the_higher_only(world: World) -> None:
    cap(world, world.bob, DIME)
    (one,) = make(world, 1)
    assert told() == [(BOB, "100"), (ALICE, "100")]
    assert set(BudgetWarning.objects.values_list("threshold", "mailed")) == {(80, False), (100, True)}
    outcomes.cancel(generation_id=one.pk, actor="test")
    make(world, 1)
    assert told() == []


def test_holds_that_come_and_go_never_tell_again(world: World) -> None:
    cap(world, world.bob, 5 * DIME)
    for _ in range(3):
        for row in make(world, 5):
            outcomes.fail(generation_id=row.pk, reason=Reason.PROVIDER_FAILED)
    assert told() == [(BOB, "80"), (BOB, "100"), (ALICE, "100")]


def test_a_higher_cap_arms_again_10_points_below(world: World) -> None:
    cap(world, world.bob, 10 * DIME)
    make(world, 8)
    assert told() == [(BOB, "80")]
    cap(world, world.bob, 11 * DIME)  # 72 %
    make(world, 1)  # 81 %
    assert told() == []
    cap(world, world.bob, 13 * DIME)  # 69 %
    make(world, 1)
    assert told() == []
    make(world, 1)  # 84 %
    assert told() == [(BOB, "80")]
    assert BudgetWarning.objects.filter(threshold=80).count() == 2


def test_a_raise_arms_again_and_a_lower_cap_does_not(world: World) -> None:
    budget = cap(world, world.bob, 5 * DIME)
    rows = make(world, 5)
    assert told() == [(BOB, "80"), (BOB, "100"), (ALICE, "100")]
    for row in rows[:3]:
        outcomes.cancel(generation_id=row.pk, actor="test")
    cap(world, world.bob, 4 * DIME)  # 50 %, but the cap came down: what fell were holds
    make(world, 2)
    assert told() == []
    budget_raises.grant(by="test", budget=budget, amount=6 * DIME, until=db.now() + timedelta(days=1))  # 40 %
    make(world, 4)
    assert told() == [(BOB, "80")]


def test_a_cap_of_nothing_and_no_cap_tell_nobody(world: World) -> None:
    cap(world, world.bob, 0)
    with pytest.raises(PaymentRequired):
        make(world, 1)
    budgets.remove_limit(
        by="test", team=world.team, membership=Membership.objects.get(user=world.bob), period=Period.DAY
    )
    make(world, 1)
    assert told() == []
    assert not BudgetWarning.objects.exists()


def test_each_budget_and_each_period_has_its_own(world: World) -> None:
    cap(world, world.bob, 5 * DIME)
    cap(world, world.bob, 5 * DIME, Period.MONTH)
    make(world, 4)
    assert told() == [(BOB, "80"), (BOB, "80")]
    with connection.cursor() as cursor:  # a night later
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(
            """update billing_budgetusage set period_start = period_start - 1
               where budget_id = (select id from billing_budget where period = 'day')"""
        )
        cursor.execute("set local session_replication_role = origin")
    make(world, 1)  # the month is full, the day has just begun
    assert told() == [(BOB, "100"), (ALICE, "100")]
    cap(world, world.bob, 20 * DIME, Period.MONTH)
    make(world, 3)
    assert told() == [(BOB, "80")]


def test_what_the_wallet_refuses_after_the_budget_took_it_tells_nobody(world: World) -> None:
    """The warning goes with the accept: refused, there is neither."""
    cap(world, world.bob, DIME)
    left = ledger.wallet(world.team.pk).available.balance
    while left >= 300_000:
        accept(world.actor(), "veo-3.1-fast", DATA)
        left -= 300_000
    while left >= DIME:
        accept(world.actor(), SLUG, DATA)
        left -= DIME
    with pytest.raises(PaymentRequired) as refused:
        make(world, 1)
    assert refused.value.code == "insufficient_credit"
    assert told() == []
    assert not BudgetWarning.objects.exists()


def test_what_is_used_counts_like_what_is_held(world: World) -> None:
    cap(world, world.bob, 5 * DIME)
    deliver(run(make(world, 1)[0]))
    make(world, 3)
    assert told() == [(BOB, "80")]


def test_both_pages_of_the_mail_say_everything(world: World) -> None:
    budget = cap(world, world.bob, 3 * DIME)
    budget_raises.grant(by="test", budget=budget, amount=2 * DIME, until=db.now() + timedelta(days=1))
    deliver(run(make(world, 1)[0]))
    make(world, 3)
    (letter,) = mail.outbox
    html = str(letter.alternatives[0][0])  # type: ignore[attr-defined]
    for words in (
        "$0.50",
        "$0.30",
        "raised by $0.20",
        "Used: $0.10",
        ": $0.30",
        "Left: $0.10",
        "It resets at",
        "Studio",
    ):
        assert words in letter.body
        assert words in html
    assert "/team/budgets" in letter.body
    assert "/team/budgets" in html


def test_the_database_keeps_one_armed_warning(world: World) -> None:
    cap(world, world.bob, 5 * DIME)
    make(world, 4)
    row = BudgetWarning.objects.get()
    with pytest.raises(IntegrityError, match="budget_warning_once"), transaction.atomic():
        BudgetWarning.objects.create(usage=row.usage, threshold=80, mailed=True)
