"""design.md section 5: caps under load. 1,000 parallel submits of $0.10 on a $5.00 cap accept exactly 50."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction

from accounts.models import Membership
from billing import budgets, reconcile
from billing.models import Budget, BudgetUsage, Period
from generations import offers, outcomes
from generations.models import Generation, Reason
from project.errors import PaymentRequired
from tests.concurrency.racing import flood, race, split
from tests.invariants.refusals import ALL_CHECKS
from tests.invariants.steps import accept, deliver, run
from tests.world import World

DIME = 100_000
CAP = 5_000_000
DATA = {"prompt": "ten cents"}


@pytest.fixture
def dime_world(committed_world: World) -> World:
    """flux-kontext-pro costs $0.10."""
    offers.publish(slug="flux-kontext-pro", rates={"image": DIME}, margin_ppm=0, by="test", reason="test")
    return committed_world


def _refusals(raised: list[Exception]) -> set[tuple[type, str]]:
    return {(type(error), getattr(error, "code", "")) for error in raised}


@pytest.mark.timeout(300)
def test_1000_submits_of_10_cents_on_a_5_dollar_cap_accept_exactly_50(dime_world: World) -> None:
    budget = budgets.set_limit(
        by="test", team=dime_world.team, api_key=dime_world.api_key, period=Period.MONTH, limit=CAP
    )
    actor = dime_world.actor()
    won, refused = split(flood(lambda _: accept(actor, "flux-kontext-pro", DATA), times=1000, threads=16))
    assert len(won) == 50
    assert len(refused) == 950
    assert _refusals(refused) == {(PaymentRequired, "budget_exceeded")}
    usage = BudgetUsage.objects.get(budget=budget)
    assert (usage.held, usage.used) == (CAP, 0)
    assert Generation.objects.filter(team=dime_world.team).count() == 50
    assert reconcile.failures(ALL_CHECKS) == []


def test_day_and_month_of_a_member_hold_together(dime_world: World) -> None:
    """The tighter cap decides; the wider one counts no more than was accepted."""
    bob = Membership.objects.get(team=dime_world.team, user=dime_world.bob)
    for period, limit in (Period.DAY, 3 * DIME), (Period.MONTH, 7 * DIME):
        budgets.set_limit(by="test", team=dime_world.team, membership=bob, period=period, limit=limit)
    actor = dime_world.actor(dime_world.bob)
    won, refused = split(race([lambda: accept(actor, "flux-kontext-pro", DATA)] * 12))
    assert len(won) == 3
    assert _refusals(refused) == {(PaymentRequired, "budget_exceeded")}
    assert set(BudgetUsage.objects.values_list("held", flat=True)) == {3 * DIME}
    assert reconcile.failures(ALL_CHECKS) == []


def test_what_failed_is_free_again_and_what_was_charged_stays_used(dime_world: World) -> None:
    budget = budgets.set_limit(
        by="test", team=dime_world.team, api_key=dime_world.api_key, period=Period.DAY, limit=2 * DIME
    )
    actor = dime_world.actor()
    deliver(run(accept(actor, "flux-kontext-pro", DATA)))
    second = accept(actor, "flux-kontext-pro", DATA)
    assert (BudgetUsage.objects.get(budget=budget).used, BudgetUsage.objects.get(budget=budget).held) == (DIME, DIME)
    with pytest.raises(PaymentRequired):
        accept(actor, "flux-kontext-pro", DATA)
    outcomes.fail(generation_id=second.pk, reason=Reason.PROVIDER_FAILED)
    accept(actor, "flux-kontext-pro", DATA)
    usage = BudgetUsage.objects.get(budget=budget)
    assert (usage.used, usage.held) == (DIME, DIME)


def test_a_cap_lowered_below_what_is_held(dime_world: World) -> None:
    """Nothing new fits; what is held may still be used, or come back."""
    budget = budgets.set_limit(
        by="test", team=dime_world.team, api_key=dime_world.api_key, period=Period.DAY, limit=CAP
    )
    actor = dime_world.actor()
    first, second, third = (accept(actor, "flux-kontext-pro", DATA) for _ in range(3))
    budgets.set_limit(by="test", team=dime_world.team, api_key=dime_world.api_key, period=Period.DAY, limit=DIME)
    with pytest.raises(PaymentRequired) as refused:
        accept(actor, "flux-kontext-pro", DATA)
    assert refused.value.extra["available"] == {"usd": "0", "credits": "0"}
    for row in (first, second):
        outcomes.cancel(generation_id=row.pk, actor="test")
    with pytest.raises(PaymentRequired):
        accept(actor, "flux-kontext-pro", DATA)
    assert deliver(run(third)).charged == DIME
    usage = BudgetUsage.objects.get(budget=budget)
    assert (usage.used, usage.held) == (DIME, 0)
    assert reconcile.failures(ALL_CHECKS) == []


def test_a_cap_lowered_while_submits_are_running(dime_world: World) -> None:
    """Each submit is accepted or gets its 402, and none is accepted after the new cap is in force and full."""
    budgets.set_limit(by="test", team=dime_world.team, api_key=dime_world.api_key, period=Period.DAY, limit=40 * DIME)
    actor = dime_world.actor()
    lowered = threading.Event()

    def step(number: int) -> bool:
        if number and number % 20 == 0:
            limit = (40 - number // 20 * 10) * DIME
            budgets.set_limit(
                by="test", team=dime_world.team, api_key=dime_world.api_key, period=Period.DAY, limit=limit
            )
            lowered.set()
            return True
        return bool(accept(actor, "flux-kontext-pro", DATA))

    _, refused = split(flood(step, times=80, threads=8))
    assert lowered.is_set()
    assert _refusals(refused) == {(PaymentRequired, "budget_exceeded")}
    usage = BudgetUsage.objects.get()
    assert usage.held == DIME * Generation.objects.count() <= 40 * DIME
    assert Budget.objects.get().limit == 10 * DIME
    with pytest.raises(PaymentRequired):
        accept(actor, "flux-kontext-pro", DATA)
    assert reconcile.failures(ALL_CHECKS) == []


def test_a_cap_lowered_while_a_submit_waits_for_its_counter(dime_world: World) -> None:
    """The submit read the old cap and comes to write under the new one: 402 or within the old cap, never an error."""
    budgets.set_limit(by="test", team=dime_world.team, api_key=dime_world.api_key, period=Period.DAY, limit=2 * DIME)
    actor = dime_world.actor()
    accept(actor, "flux-kontext-pro", DATA)
    held, waiting = threading.Event(), threading.Event()

    def hold_the_counter() -> None:
        with transaction.atomic():
            list(BudgetUsage.objects.select_for_update())
            held.set()
            assert waiting.wait(20)
            time.sleep(0.3)  # the cap is lowered meanwhile

    def submit() -> str:
        assert held.wait(20)
        return accept(actor, "flux-kontext-pro", DATA).status

    def lower() -> None:
        assert held.wait(20)
        deadline = time.monotonic() + 20
        while not _someone_waits():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        waiting.set()
        budgets.set_limit(by="test", team=dime_world.team, api_key=dime_world.api_key, period=Period.DAY, limit=DIME)

    results = race([hold_the_counter, submit, lower])
    assert results[0] is None
    assert results[1] == "queued" or isinstance(results[1], PaymentRequired), results[1]
    assert results[2] is None
    assert reconcile.failures(ALL_CHECKS) == []


def _someone_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            """select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"""
        )
        return bool(cursor.fetchone()[0])
