"""Who may set whose budget, by the roles as they are when it is written (design section 10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts import keys, roles
from accounts.actors import Actor
from accounts.models import Action, AuditEvent, Membership, Role
from billing import budget_raises, budget_requests, budgets
from billing.models import Budget, Period
from project import db
from project.errors import Conflict, Forbidden, Invalid, NotFound, RateLimited, Unauthenticated
from project.money import CEILING
from tests.billing.conftest import DIME, cap, join, key_cap, letters
from tests.world import World

# Who may change whose budget: rows act, columns are members.
TABLE = {
    Role.OWNER: {Role.OWNER, Role.ADMIN, Role.BILLING, Role.MEMBER, Role.VIEWER},
    Role.ADMIN: {Role.ADMIN, Role.BILLING, Role.MEMBER, Role.VIEWER},
    Role.BILLING: set(),
    Role.MEMBER: set(),
    Role.VIEWER: set(),
}


def in_a_day() -> Any:
    return db.now() + timedelta(days=1)


@pytest.mark.parametrize("acting", Role.values)
def test_the_table_of_rights(world: World, acting: str) -> None:
    actor = world.actor(join(world, f"acting-{acting}", Role(acting)))
    assert {role for role in Role if all_of_it(world, actor, role)} == TABLE[Role(acting)]


def all_of_it(world: World, actor: Actor, role: Role) -> bool:
    """Whether the actor may set, raise, take back and remove the budget of somebody of this role: all or nothing."""
    other = join(world, f"other-{role}", role)
    budget = cap(world, other, DIME)
    raised = budget_raises.grant(by="test", budget=budget, amount=DIME, until=in_a_day())
    where: dict[str, Any] = {"team": world.team, "membership": budget.membership, "period": Period.DAY}
    results = {
        _tries(lambda: cap(world, other, 2 * DIME, by=actor)),
        _tries(lambda: budget_raises.grant(by=actor, budget=budget, amount=DIME, until=in_a_day())),
        _tries(lambda: budget_raises.take_back(by=actor, raised=raised)),
        _tries(lambda: budgets.remove_limit(by=actor, **where)),
    }
    assert len(results) == 1
    return results.pop()


def _tries(work: Callable[[], object]) -> bool:
    try:
        work()
    except Forbidden:
        return False
    return True


def test_nobody_but_an_owner_changes_the_budget_that_binds_themselves(world: World) -> None:
    dora = join(world, "dora", Role.ADMIN)
    with pytest.raises(Forbidden, match="binds themselves"):
        cap(world, dora, DIME, by=world.actor(dora))
    cap(world, dora, DIME, by=world.actor(join(world, "erik", Role.ADMIN)))
    budget = cap(world, world.alice, DIME, by=world.actor(world.alice))
    assert budget.limit == DIME
    key = Actor(world.team, roles.of_scopes(["manage"]), api_key=world.api_key)
    with pytest.raises(Forbidden, match="binds themselves"):
        budgets.set_limit(by=key, team=world.team, api_key=world.api_key, period=Period.DAY, limit=DIME)
    other, _ = keys.issue(team=world.team, name="two", scopes=["read"], by=world.alice)
    assert budgets.set_limit(by=key, team=world.team, api_key=other, period=Period.DAY, limit=DIME).limit == DIME
    with pytest.raises(Forbidden, match="set by owners"):
        cap(world, world.alice, 2 * DIME, by=key)


def test_who_was_removed_or_lowered_meanwhile_may_not(world: World) -> None:
    dora = join(world, "dora", Role.ADMIN)
    actor = world.actor(dora)
    Membership.objects.filter(user=dora).update(role=Role.MEMBER)
    with pytest.raises(Forbidden, match="permission"):
        cap(world, world.bob, DIME, by=actor)
    Membership.objects.filter(user=dora).update(role=Role.ADMIN, ended_at=db.now())
    with pytest.raises(Forbidden, match="no longer belong"):
        cap(world, world.bob, DIME, by=actor)
    Membership.objects.filter(user=dora).update(ended_at=None)
    Membership.objects.filter(user=world.bob).update(role=Role.OWNER)
    with pytest.raises(Forbidden, match="set by owners"):
        cap(world, world.bob, DIME, by=actor)
    assert not Budget.objects.exists()


def test_whose_budget_must_be_of_the_team_and_there(world: World) -> None:
    stranger = Membership.objects.get(user=world.mallory)
    for by in ("test", world.actor(world.alice)):
        with pytest.raises(NotFound):
            budgets.set_limit(by=by, team=world.team, membership=stranger, period=Period.DAY, limit=1)
        Membership.objects.filter(user=world.bob).update(ended_at=db.now())
        with pytest.raises(NotFound, match="has left"):
            cap(world, world.bob, DIME, by=by)
    key, _ = keys.issue(team=world.team, name="old", scopes=["read"], by=world.alice)
    type(key).objects.filter(pk=key.pk).update(revoked_at=db.now())
    with pytest.raises(NotFound, match="revoked"):
        budgets.set_limit(by="test", team=world.team, api_key=key, period=Period.DAY, limit=1)
    gone = Actor(world.team, roles.of_scopes(["manage"]), api_key=key)
    with pytest.raises(Unauthenticated):
        cap(world, world.carol, DIME, by=gone)


@pytest.mark.parametrize("limit", [-1, CEILING, True, 1.5, "1"])
def test_a_limit_is_a_whole_amount_within_reason(world: World, limit: Any) -> None:
    with pytest.raises(Invalid) as refused:
        cap(world, world.bob, limit)
    assert [error.path for error in refused.value.errors] == ["limit"]


def test_an_owner_s_request_needs_nobody_and_nobody_asks_for_another(world: World) -> None:
    mine = cap(world, world.alice, DIME)
    with pytest.raises(Conflict, match="You are an owner"):
        budget_requests.ask(by=world.actor(world.alice), budget=mine, amount=DIME, reason="x")
    with pytest.raises(Forbidden, match="own budget"):
        budget_requests.ask(by=world.actor(world.bob), budget=mine, amount=DIME, reason="x")
    with pytest.raises(Forbidden, match="own budget"):
        budget_requests.ask(by=world.actor(), budget=key_cap(world, DIME), amount=DIME, reason="x")


def test_an_admin_s_request_goes_to_the_others_and_is_not_theirs_to_grant(world: World) -> None:
    dora, erik = join(world, "dora", Role.ADMIN), join(world, "erik", Role.ADMIN)
    request = budget_requests.ask(by=world.actor(dora), budget=cap(world, dora, DIME), amount=DIME, reason="a film")
    assert [to for to, _ in letters()] == ["alice@example.com", "erik@example.com"]
    with pytest.raises(Forbidden, match="binds themselves"):
        budget_requests.grant(by=world.actor(dora), request=request, amount=DIME, until=in_a_day())
    budget_requests.grant(by=world.actor(erik), request=request, amount=DIME, until=in_a_day())


def test_asking_again_and_again_is_no_way_to_flood_the_admins(world: World) -> None:
    budget, bob = cap(world, world.bob, DIME), world.actor(world.bob)
    for _ in range(budget_requests.MOST_A_DAY):
        request = budget_requests.ask(by=bob, budget=budget, amount=DIME, reason="x")
        budget_requests.withdraw(by=bob, request=request)
    with pytest.raises(RateLimited):
        budget_requests.ask(by=bob, budget=budget, amount=DIME, reason="x")
    assert len(letters()) == budget_requests.MOST_A_DAY


def test_a_raise_that_is_taken_back_and_a_request_that_is_withdrawn_are_told(world: World) -> None:
    budget, alice, bob = cap(world, world.bob, DIME), world.actor(world.alice), world.actor(world.bob)
    raised = budget_raises.grant(by=alice, budget=budget, amount=DIME, until=in_a_day())
    budget_raises.take_back(by=alice, raised=raised)
    request = budget_requests.ask(by=bob, budget=budget, amount=DIME, reason="x")
    budget_requests.withdraw(by=bob, request=request)
    told = AuditEvent.objects.filter(team=world.team).order_by("-id")[:3]
    assert [row.action for row in told] == [
        Action.BUDGET_ASK_WITHDRAWN,
        Action.BUDGET_ASKED,
        Action.BUDGET_RAISE_ENDED,
    ]
    assert told[2].data == {"period": "day", "before": 2 * DIME, "after": DIME, "raise": raised.public_id}


def test_a_removed_budget_takes_its_raises_and_request_along(world: World) -> None:
    budget, alice = cap(world, world.bob, DIME), world.actor(world.alice)
    raised = budget_raises.grant(by=alice, budget=budget, amount=DIME, until=in_a_day())
    request = budget_requests.ask(by=world.actor(world.bob), budget=budget, amount=DIME, reason="x")
    budgets.remove_limit(by=alice, team=world.team, membership=budget.membership, period=Period.DAY)
    raised.refresh_from_db()
    assert raised.until <= db.now()
    with pytest.raises(Conflict, match="withdrawn already"):
        budget_requests.grant(by=alice, request=request, amount=DIME, until=in_a_day())
    with pytest.raises(Conflict, match="removed"):
        budget_raises.grant(by=alice, budget=budget, amount=DIME, until=in_a_day())
    with pytest.raises(Conflict, match="removed"):
        budget_requests.ask(by=world.actor(world.bob), budget=budget, amount=DIME, reason="x")
