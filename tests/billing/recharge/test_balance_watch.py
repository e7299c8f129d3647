"""The mail about a low balance: once, and again only after the wallet rose well above in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction

from accounts.models import Action, AuditEvent, Membership, Role, Team, TeamStatus
from billing import balance_watch, holds, sweeps
from billing.models import BalanceWatch
from project import db
from project.errors import Forbidden, Invalid
from project.money import USD
from tests.billing.conftest import join, letters
from tests.billing.recharge.cards import give, leave, spend, turned_on
from tests.concurrency.racing import race, split
from tests.jobs import Jobs
from tests.stripe_client import StripeProcess
from tests.world import World

LOW = 5 * USD
SUBJECT = "[Framehouse] Studio has $4.999999 left"


@pytest.fixture
def watch(world: World) -> BalanceWatch:
    with transaction.atomic():
        return balance_watch.set_low_balance(actor=world.actor(world.alice), low_balance=LOW)


def tick(jobs: Jobs) -> int:
    """The clock rings, the jobs run. Returns how many were rung for."""
    count = balance_watch.ring()
    jobs.drain(repeat=2)
    return count


@pytest.mark.parametrize(("left", "mails"), [(LOW, 0), (LOW - 1, 1)])
def test_the_edge(world: World, watch: BalanceWatch, jobs: Jobs, left: int, mails: int) -> None:
    leave(world.team, left)
    tick(jobs)
    assert [subject for _, subject in letters()] == [SUBJECT] * mails


def test_held_credit_counts_as_gone_and_the_mail_says_so(world: World, watch: BalanceWatch, jobs: Jobs) -> None:
    join(world, "carlo", Role.BILLING)
    join(world, "dora", Role.ADMIN)
    spend(world.team, 6 * USD)
    sweeps.ring_due()
    jobs.drain()
    subject = "[Framehouse] Studio has $4.00 left"
    assert letters() == [("alice@example.com", subject), ("carlo@example.com", subject)]
    body = str(mail.outbox[0].body)
    for line in (
        "Less than $5.00 is available",
        "Available: $4.00",
        "Held for what is under way: $6.00",
        "Balance: $10.00",
        "Automatic recharge is off.",
        "/go?to=/wallet/top-up",
    ):
        assert line in body


def test_holds_that_come_and_go_mail_once_and_a_fifth_above_arms_again(
    world: World, watch: BalanceWatch, jobs: Jobs
) -> None:
    leave(world.team, LOW)
    for _ in range(3):
        hold = spend(world.team, USD)
        tick(jobs)
        with transaction.atomic():
            holds.settle(hold_id=hold.pk, capture=0, actor="test", reason="test")
        assert tick(jobs) == 0
    give(world.team, USD - 1)  # $5.999999: not 120 % yet
    tick(jobs)
    spend(world.team, USD)
    assert tick(jobs) == 0
    assert len(letters()) == 1
    leave(world.team, 6 * USD)  # 120 %
    assert tick(jobs) == 0
    watch.refresh_from_db()
    assert watch.warned_at is None
    leave(world.team, LOW - 1)
    assert tick(jobs) == 1
    assert len(letters()) == 2


def test_rising_between_the_ring_and_the_job_mails_nobody(world: World, watch: BalanceWatch, jobs: Jobs) -> None:
    leave(world.team, LOW - 1)
    assert balance_watch.ring() == 1
    give(world.team, 1)
    jobs.drain()
    assert letters() == []
    watch.refresh_from_db()
    assert watch.warned_at is None


def test_a_lost_job_is_rung_for_again(world: World, watch: BalanceWatch, jobs: Jobs) -> None:
    leave(world.team, LOW - 1)
    assert balance_watch.ring() == 1
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_q_ormq")
    assert tick(jobs) == 0
    BalanceWatch.objects.update(rung_at=db.now() - timedelta(seconds=balance_watch.RING_AGAIN))
    assert tick(jobs) == 1
    assert len(letters()) == 1


def test_another_amount_arms_anew_the_same_does_not(world: World, watch: BalanceWatch, jobs: Jobs) -> None:
    alice = world.actor(world.alice)
    leave(world.team, LOW - 1)
    tick(jobs)
    balance_watch.set_low_balance(actor=alice, low_balance=LOW)
    tick(jobs)
    assert len(letters()) == 1
    balance_watch.set_low_balance(actor=alice, low_balance=LOW + USD)
    tick(jobs)
    assert len(letters()) == 2
    balance_watch.set_low_balance(actor=alice, low_balance=None)
    tick(jobs)
    assert len(letters()) == 2
    changes = AuditEvent.objects.filter(action=Action.BALANCE_WATCH_SET).order_by("id").values_list("data", flat=True)
    assert list(changes) == [
        {"before": None, "after": LOW},
        {"before": LOW, "after": LOW + USD},
        {"before": LOW + USD, "after": None},
    ]


def test_the_first_purchase_brings_a_watch_and_off_stays_off(world: World) -> None:
    balance_watch.bought(team=world.team)
    assert BalanceWatch.objects.get(team=world.team).low_balance == balance_watch.DEFAULT
    balance_watch.set_low_balance(actor=world.actor(world.alice), low_balance=None)
    balance_watch.bought(team=world.team)
    assert BalanceWatch.objects.get(team=world.team).low_balance is None
    assert not BalanceWatch.objects.filter(team=world.other_team).exists()


@pytest.mark.parametrize(
    ("amount", "code"), [(USD - 10_000, "range"), (10_001 * USD, "range"), (5 * USD + 1, "cents"), (5.0, "cents")]
)
def test_what_cannot_be_is_refused(world: World, amount: Any, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        balance_watch.set_low_balance(actor=world.actor(world.alice), low_balance=amount)
    assert [(error.path, error.code) for error in refused.value.errors] == [("low_balance", code)]


def test_who_may_not_any_more_sets_nothing(world: World) -> None:
    carlo = join(world, "carlo", Role.BILLING)
    actor = world.actor(carlo)
    Membership.objects.filter(user=carlo).update(role=Role.ADMIN)
    with pytest.raises(Forbidden), transaction.atomic():
        balance_watch.set_low_balance(actor=actor, low_balance=LOW)
    assert not BalanceWatch.objects.exists()


def test_a_team_that_is_closed_or_suspended_is_not_mailed(world: World, watch: BalanceWatch, jobs: Jobs) -> None:
    leave(world.team, LOW - 1)
    balance_watch.ring()
    Team.objects.filter(pk=world.team.pk).update(status=TeamStatus.SUSPENDED)
    jobs.drain()
    BalanceWatch.objects.update(rung_at=None)
    assert tick(jobs) == 0
    assert letters() == []


def test_the_mail_says_what_automatic_recharge_does(
    world: World, watch: BalanceWatch, stripe: StripeProcess, jobs: Jobs
) -> None:
    turned_on(world, stripe, threshold=2 * USD)
    leave(world.team, LOW - 1)
    tick(jobs)
    told = "Automatic recharge is on: below $2.00 the wallet is filled up to $50.00 with visa 4242."
    assert told in str(mail.outbox[0].body)


def test_a_quiet_ring_is_two_queries(
    world: World, watch: BalanceWatch, count_queries: Callable[[Callable[[], Any]], int]
) -> None:
    assert count_queries(balance_watch.ring) == 2


def test_two_workers_and_two_clocks_at_once_mail_once(committed_world: World, jobs: Jobs) -> None:
    world = committed_world
    with transaction.atomic():
        watch = balance_watch.set_low_balance(actor=world.actor(world.alice), low_balance=LOW)
    leave(world.team, LOW - 1)
    rung, raised = split(race([balance_watch.ring for _ in range(4)]))
    assert (sum(rung), raised) == (1, [])
    _, raised = split(race([lambda: balance_watch.warn(watch.pk) for _ in range(5)]))
    assert raised == []
    jobs.drain()
    assert len(letters()) == 1
