"""The 402: which limits block, the tightest first, what is used, held and left, who can raise it, and what fits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from billing import budget_raises, budgets, ledger
from billing.models import Budget, Period
from generations import outcomes
from generations.models import Generation
from project import db
from project.errors import PaymentRequired
from project.times import instant
from tests.api.shapes import SHORTAGE, is_time, micro, problem
from tests.billing.conftest import DATA, DIME, SLUG, cap, key_cap, place
from tests.invariants.steps import accept, deliver, run
from tests.world import World

LIMIT = SHORTAGE - {"limits", "fits"}
VEO = 300_000


def refused(world: World, user: User | None = None, slug: str = SLUG) -> PaymentRequired:
    with pytest.raises(PaymentRequired) as caught:
        accept(world.actor(user), slug, DATA)
    return caught.value


def leave(world: World, amount: int) -> None:
    """Leaves the wallet with exactly so much available: in whole dimes."""
    left = ledger.wallet(world.team.pk).available.balance
    while left > amount:
        accept(world.actor(world.alice), "veo-3.1-fast" if left - amount >= VEO else SLUG, DATA)
        left = ledger.wallet(world.team.pk).available.balance
    assert left == amount


def test_a_key_s_402_says_everything(world: World, api: Callable[..., Any]) -> None:
    budget = key_cap(world, 4 * DIME)
    until = db.now() + timedelta(hours=30)
    budget_raises.grant(by="test", budget=budget, amount=DIME, until=until)
    deliver(run(accept(world.actor(), SLUG, DATA)))
    accept(world.actor(), SLUG, DATA)
    answer = api(
        "post",
        "/generations",
        {"model": "wan-2.2-turbo", "input": {"prompt": "x", "image_url": "https://img.example/a.png"}},
        key=world.key,
        headers={"Idempotency-Key": "a" * 20},
    )
    body = problem(answer, 402, "budget_exceeded", extra=frozenset(SHORTAGE))
    assert body["limit_kind"] == "key_day"
    assert body["limit_of"] == {"id": world.api_key.public_id, "name": "test key"}
    shown = {name: micro(body[name]) for name in ("limit", "base_limit", "used", "held", "available", "missing")}
    needed = micro(body["needed"])
    assert shown == {
        "limit": 5 * DIME,
        "base_limit": 4 * DIME,
        "used": DIME,
        "held": DIME,
        "available": 3 * DIME,
        "missing": needed - 3 * DIME,
    }
    assert instant(body["raised_until"]) == until
    assert is_time(body["resets_at"])
    assert body["raised_by"] == ["owner", "admin"]
    assert micro(body["fits"]["price"]) <= 3 * DIME
    assert [set(limit) for limit in body["limits"]] == [LIMIT]
    assert f"raised by $0.10 until {until:%Y-%m-%d %H:%M} UTC" in body["detail"]
    assert "@" not in answer.content.decode()


def test_all_that_block_are_named_the_tightest_first(world: World) -> None:
    leave(world, 2 * DIME)
    cap(world, world.bob, DIME)
    cap(world, world.bob, 50 * DIME, Period.MONTH)
    found = refused(world, world.bob, "veo-3.1-fast")
    assert found.code == "budget_exceeded"
    assert found.room == DIME
    assert [limit["limit_kind"] for limit in found.extra["limits"]] == ["member_day", "wallet"]
    assert "Besides, the wallet has $0.20 available" in found.detail
    cap(world, world.bob, 25 * DIME // 10)
    found = refused(world, world.bob, "veo-3.1-fast")
    assert (found.code, found.room) == ("insufficient_credit", 2 * DIME)
    assert [limit["limit_kind"] for limit in found.extra["limits"]] == ["wallet", "member_day"]
    assert "Besides, the member's budget of $0.25 a day has $0.25 left" in found.detail
    cap(world, world.bob, 2 * DIME)
    assert refused(world, world.bob, "veo-3.1-fast").code == "budget_exceeded"  # both leave the same


def test_a_wallet_s_402_has_the_same_shape(world: World) -> None:
    leave(world, DIME)
    found = refused(world, world.bob, "veo-3.1-fast")
    assert set(found.extra) == SHORTAGE
    assert [set(limit) for limit in found.extra["limits"]] == [LIMIT]
    assert found.extra["limit_of"] == {"id": world.team.public_id, "name": "Studio"}
    assert found.extra["resets_at"] is None
    assert found.extra["raised_until"] is None
    assert micro(found.extra["available"]) == DIME


def test_what_this_very_request_took_on_the_way_is_no_reason(world: World) -> None:
    """The day's budget has room for it and is counted first; the month's has not."""
    cap(world, world.bob, DIME)
    cap(world, world.bob, DIME - 1, Period.MONTH)
    found = refused(world, world.bob)
    assert [limit["limit_kind"] for limit in found.extra["limits"]] == ["member_month"]
    assert micro(found.extra["held"]) == 0
    day = Budget.objects.get(period=Period.DAY)
    assert not day.usages.filter(held__gt=0).exists()


def test_an_owner_s_budget_is_raised_by_owners(world: World) -> None:
    cap(world, world.alice, 0)
    found = refused(world, world.alice)
    assert found.extra["raised_by"] == ["owner"]
    assert found.extra["limit_of"] == {"id": place(world, world.alice).public_id, "name": "alice"}


def test_a_402_never_holds_an_address(world: World) -> None:
    User.objects.filter(pk=world.bob.pk).update(name="")
    cap(world, world.bob, 0)
    found = refused(world, world.bob)
    assert "@" not in f"{found.detail} {found.extra}"
    assert found.extra["limit_of"]["name"] == ""


def test_a_raise_lets_through_until_it_ends(world: World) -> None:
    budget = cap(world, world.bob, DIME)
    accept(world.actor(world.bob), SLUG, DATA)
    refused(world, world.bob)
    raised = budget_raises.grant(by="test", budget=budget, amount=2 * DIME, until=db.now() + timedelta(days=1))
    rows = [accept(world.actor(world.bob), SLUG, DATA) for _ in range(2)]
    refused(world, world.bob)
    budget_raises.take_back(by="test", raised=raised)
    for row in rows:
        outcomes.cancel(generation_id=row.pk, actor="test")
    assert micro(refused(world, world.bob).extra["limit"]) == DIME
    assert Generation.objects.filter(status="queued").count() == 1


def test_a_removed_cap_set_again_goes_on_from_what_it_counted(world: World) -> None:
    cap(world, world.bob, 3 * DIME)
    deliver(run(accept(world.actor(world.bob), SLUG, DATA)))
    accept(world.actor(world.bob), SLUG, DATA)
    bob = place(world, world.bob)
    budgets.remove_limit(by="test", team=world.team, membership=bob, period=Period.DAY)
    for _ in range(3):  # nothing limits, nothing is counted
        accept(world.actor(world.bob), SLUG, DATA)
    budget = cap(world, world.bob, 3 * DIME)
    usage = budget.usages.get()
    assert (usage.used, usage.held) == (DIME, DIME)
    accept(world.actor(world.bob), SLUG, DATA)
    refused(world, world.bob)
