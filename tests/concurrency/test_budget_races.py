"""Budgets under threads: caps that fall while submits run, raises that end, warnings that cross, two who decide."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from accounts.actors import Actor
from accounts.models import Membership, Role
from billing import budget_raises, budget_requests, budgets, reconcile
from billing.models import Budget, BudgetRaise, BudgetRequest, BudgetUsage, BudgetWarning, Period, RequestStatus
from generations import offers
from generations.models import Generation
from project import db
from project.errors import Conflict, Forbidden, PaymentRequired
from project.models import Mail
from tests.concurrency.racing import flood, race, split
from tests.invariants.refusals import ALL_CHECKS
from tests.invariants.steps import accept
from tests.world import World, person

DIME = 100_000
SLUG, DATA = "flux-kontext-pro", {"prompt": "ten cents"}


@pytest.fixture
def dime_world(committed_world: World, settings: Any) -> World:
    """flux-kontext-pro costs $0.10; mail goes where it goes in life, so that what is rolled back is not sent."""
    settings.EMAIL_BACKEND = "project.mail.QueuedBackend"
    offers.publish(slug=SLUG, rates={"image": DIME}, margin_ppm=0, by="test", reason="test")
    return committed_world


def _cap(world: World, limit: int, by: Actor | str = "test", period: Period = Period.DAY) -> Budget:
    bob = Membership.objects.get(team=world.team, user=world.bob)
    return budgets.set_limit(by=by, team=world.team, membership=bob, period=period, limit=limit)


def _admin(world: World, name: str) -> Actor:
    Membership.objects.create(team=world.team, user=person(name), role=Role.ADMIN)
    return world.actor(Membership.objects.get(user__name=name).user)


def _refusals(raised: list[Exception]) -> set[tuple[type, str]]:
    return {(type(error), getattr(error, "code", "")) for error in raised}


def test_nothing_is_accepted_beyond_a_cap_once_its_lowering_is_committed(dime_world: World) -> None:
    """What was accepted before may stand above the new cap; what comes after the commit finds it full."""
    budget = _cap(dime_world, 60 * DIME)
    bob, alice = dime_world.actor(dime_world.bob), dime_world.actor(dime_world.alice)
    lowered = threading.Event()
    late: list[Any] = []

    def step(number: int) -> str:
        if number == 20:
            _cap(dime_world, 5 * DIME, by=alice)
            lowered.set()
            return "lowered"
        was_lowered = lowered.is_set()
        row = accept(bob, SLUG, DATA)
        if was_lowered:
            late.append(row)
        return "accepted"

    won, refused = split(flood(step, times=80, threads=8))
    assert lowered.is_set()
    held = BudgetUsage.objects.get(budget=budget).held
    assert held == (won.count("accepted")) * DIME > 5 * DIME
    assert late == []
    assert _refusals(refused) == {(PaymentRequired, "budget_exceeded")}
    assert reconcile.failures(ALL_CHECKS) == []


def test_a_cap_removed_and_set_again_while_submits_run(dime_world: World) -> None:
    """The counter says what was accepted while there was a cap, no more; nothing fails but by a 402."""
    _cap(dime_world, 30 * DIME)
    bob = dime_world.actor(dime_world.bob)
    membership = Membership.objects.get(team=dime_world.team, user=dime_world.bob)

    def step(number: int) -> bool:
        if number % 10 == 5:
            budgets.remove_limit(by="test", team=dime_world.team, membership=membership, period=Period.DAY)
        elif number % 10 == 9:
            _cap(dime_world, 30 * DIME)
        else:
            return bool(accept(bob, SLUG, DATA))
        return False

    won, refused = split(flood(step, times=60, threads=8))
    assert _refusals(refused) <= {(PaymentRequired, "budget_exceeded")}
    assert sum(won) == Generation.objects.count()
    assert BudgetUsage.objects.get().held <= min(30, sum(won)) * DIME
    assert reconcile.failures(ALL_CHECKS) == []


def test_raises_count_at_once_and_each_once(dime_world: World) -> None:
    """20 fit; three raises of 5 come while 60 ask, one of them has ended already: 30 are accepted."""
    budget = _cap(dime_world, 20 * DIME)
    bob, alice = dime_world.actor(dime_world.bob), dime_world.actor(dime_world.alice)
    ended = budget_raises.grant(by="test", budget=budget, amount=5 * DIME, until=db.now() + timedelta(days=1))
    budget_raises.take_back(by="test", raised=ended)

    def step(number: int) -> bool:
        if number in (10, 40):
            until = db.now() + timedelta(days=1)
            return not budget_raises.grant(by=alice, budget=budget, amount=5 * DIME, until=until)
        return bool(accept(bob, SLUG, DATA))

    results = flood(step, times=102, threads=8)
    results += flood(lambda _: bool(accept(bob, SLUG, DATA)), times=12, threads=4)  # a raise may have come last of all
    won, refused = split(results)
    assert sum(won) == 30
    assert _refusals(refused) == {(PaymentRequired, "budget_exceeded")}
    usage = BudgetUsage.objects.get(budget=budget)
    assert (usage.held, usage.used) == (30 * DIME, 0)
    assert reconcile.failures(ALL_CHECKS) == []


def test_a_raise_that_ends_while_submits_run_is_a_402_and_never_an_error(dime_world: World) -> None:
    """The UPDATE's condition and the trigger look at one moment (migration 0005)."""
    budget = _cap(dime_world, 2 * DIME)
    bob = dime_world.actor(dime_world.bob)
    until = db.now() + timedelta(seconds=2)
    budget_raises.grant(by="test", budget=budget, amount=90 * DIME, until=until)
    deadline = time.monotonic() + 90

    def step(_: int) -> bool:
        assert time.monotonic() < deadline
        begun_after = db.now() > until
        assert bool(accept(bob, SLUG, DATA))
        return begun_after

    results = flood(step, times=90, threads=8)
    while db.now() <= until:
        time.sleep(0.05)
    results += flood(step, times=4, threads=4)
    won, refused = split(results)
    assert _refusals(refused) == {(PaymentRequired, "budget_exceeded")}
    assert won.count(True) <= 2  # what the cap itself allows
    assert BudgetUsage.objects.get(budget=budget).held == len(won) * DIME
    assert reconcile.failures(ALL_CHECKS) == []


def test_40_submits_that_cross_80_percent_send_one_mail(dime_world: World) -> None:
    """And those that fill it send one of 100 % to each who is to hear."""
    _cap(dime_world, 44 * DIME)
    bob = dime_world.actor(dime_world.bob)
    won, refused = split(flood(lambda _: accept(bob, SLUG, DATA), times=40, threads=10))
    assert (len(won), refused) == (40, [])
    assert list(Mail.objects.values_list("to", flat=True)) == ["bob@example.com"]
    won, refused = split(flood(lambda _: accept(bob, SLUG, DATA), times=12, threads=10))
    assert (len(won), len(refused)) == (4, 8)
    assert sorted(Mail.objects.values_list("to", flat=True)) == [
        "alice@example.com",
        "bob@example.com",
        "bob@example.com",
    ]
    assert sorted(BudgetWarning.objects.values_list("threshold", "mailed")) == [(80, True), (100, True)]


def test_two_admins_who_decide_at_once(dime_world: World) -> None:
    """One grants, one declines, one grants too: one of them wins, and the budget and the mail say so."""
    budget = _cap(dime_world, DIME)
    deciders = [_admin(dime_world, "dora"), _admin(dime_world, "erik"), dime_world.actor(dime_world.alice)]
    bob = dime_world.actor(dime_world.bob)
    for _ in range(3):
        request = budget_requests.ask(by=bob, budget=budget, amount=DIME, reason="a film")
        Mail.objects.all().delete()
        BudgetRaise.objects.filter(until__gt=db.now()).update(until=db.now())
        until = db.now() + timedelta(days=1)
        works = [
            lambda request=request, until=until: budget_requests.grant(
                by=deciders[0], request=request, amount=2 * DIME, until=until
            ),
            lambda request=request: budget_requests.decline(by=deciders[1], request=request, answer="No."),
            lambda request=request, until=until: budget_requests.grant(
                by=deciders[2], request=request, amount=3 * DIME, until=until
            ),
        ]
        won, refused = split(race(works))
        assert (len(won), _refusals(refused)) == (1, {(Conflict, "already_decided")})
        request.refresh_from_db()
        granted = request.status == RequestStatus.GRANTED
        assert BudgetRaise.objects.filter(until__gt=db.now()).count() == granted
        assert list(Mail.objects.values_list("to", flat=True)) == ["bob@example.com"]


def test_one_request_however_often_it_is_asked_at_once(dime_world: World) -> None:
    budget, bob = _cap(dime_world, DIME), dime_world.actor(dime_world.bob)
    ask = lambda: budget_requests.ask(by=bob, budget=budget, amount=DIME, reason="a film")  # noqa: E731
    won, refused = split(race([ask] * 6))
    assert (len(won), _refusals(refused)) == (1, {(Conflict, "already_asked")})
    assert BudgetRequest.objects.count() == 1
    assert Mail.objects.count() == 1


def test_two_admins_set_the_first_cap_at_once(dime_world: World) -> None:
    admins = [_admin(dime_world, name) for name in ("dora", "erik", "finn")]
    works = [lambda by=by: _cap(dime_world, DIME, by=by) for by in admins]
    won, refused = split(race(works))
    assert (len(won), refused) == (3, [])
    assert Budget.objects.get().limit == DIME


def test_an_admin_who_is_removed_while_they_set_a_cap(dime_world: World) -> None:
    """Either the cap was set before they went, or they are told that they no longer may: never after."""
    for number in range(4):
        dora = _admin(dime_world, f"dora{number}")
        assert dora.membership is not None
        pk = dora.membership.pk
        set_it, _ = race(
            [
                lambda dora=dora, number=number: _cap(dime_world, DIME + number, by=dora),
                lambda pk=pk: Membership.objects.filter(pk=pk).update(ended_at=db.now()),
            ]
        )
        assert isinstance(set_it, Budget | Forbidden), set_it
        if isinstance(set_it, Budget):
            assert Budget.objects.get().limit == DIME + number
        with pytest.raises(Forbidden):
            _cap(dime_world, 9 * DIME, by=dora)
