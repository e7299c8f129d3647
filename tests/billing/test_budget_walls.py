"""What the database keeps of budgets, whatever a program does: no row of one team points into another, raises and
requests keep their word, and nothing that was counted goes away (invariants.md T1)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import Membership
from billing import budget_raises, budget_requests, budgets
from billing.models import Budget, BudgetRaise, BudgetRequest, BudgetUsage, BudgetWarning, Period, RequestStatus
from project import db
from tests.billing.conftest import DATA, DIME, SLUG, cap, place
from tests.invariants.steps import accept
from tests.world import World

WALLS = {
    "budget_raise_in_team": ("billing_budgetraise", "budget_id, team_id", "billing_budget(id, team_id)"),
    "budget_raise_by_a_member_of_team": (
        "billing_budgetraise",
        "granted_by_id, team_id",
        "accounts_membership(id, team_id)",
    ),
    "budget_request_in_team": ("billing_budgetrequest", "budget_id, team_id", "billing_budget(id, team_id)"),
    "budget_request_of_its_member": (
        "billing_budgetrequest",
        "budget_id, asked_by_id",
        "billing_budget(id, membership_id)",
    ),
    "budget_request_decided_in_team": (
        "billing_budgetrequest",
        "decided_by_id, team_id",
        "accounts_membership(id, team_id)",
    ),
    "budget_request_raises_its_budget": (
        "billing_budgetrequest",
        "raised_id, budget_id",
        "billing_budgetraise(id, budget_id)",
    ),
}


def in_a_day() -> Any:
    return db.now() + timedelta(days=1)


def refused(match: str, work: Any) -> None:
    """The database says no, at once or at COMMIT."""

    def to_the_end() -> None:
        work()
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")

    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        to_the_end()


@pytest.mark.parametrize("name", WALLS)
def test_the_walls_stand_and_are_believed(db: None, name: str) -> None:
    table, columns, target = WALLS[name]
    with connection.cursor() as cursor:
        cursor.execute(
            """select pg_get_constraintdef(oid), convalidated from pg_constraint
               where conrelid = %s::regclass and conname = %s""",
            [table, name],
        )
        rows = cursor.fetchall()
    assert len(rows) == 1
    assert rows[0][0].startswith(f"FOREIGN KEY ({columns}) REFERENCES {target}")
    assert rows[0][1] is True


def test_no_row_points_into_another_team(world: World) -> None:
    budget = cap(world, world.bob, DIME)
    stranger = Membership.objects.get(user=world.mallory)
    other = budgets.set_limit(by="t", team=world.other_team, membership=stranger, period=Period.DAY, limit=1)
    raised = {"amount": 1, "until": in_a_day()}
    wish = {"amount": 1, "reason": "x"}
    bob = place(world, world.bob)
    refused("in_team", lambda: BudgetRaise.objects.create(team=world.team, budget=other, **raised))
    refused(
        "by_a_member",
        lambda: BudgetRaise.objects.create(team=world.team, budget=budget, granted_by=stranger, **raised),
    )
    refused(
        "budget_request_", lambda: BudgetRequest.objects.create(team=world.team, budget=other, asked_by=bob, **wish)
    )
    refused(
        "of_its_member",
        lambda: BudgetRequest.objects.create(
            team=world.team, budget=budget, asked_by=place(world, world.alice), **wish
        ),
    )
    request = BudgetRequest.objects.create(team=world.team, budget=budget, asked_by=bob, **wish)
    declined = {"status": RequestStatus.DECLINED, "decided_at": db.now()}
    mine = BudgetRequest.objects.filter(pk=request.pk)
    refused("decided_in_team", lambda: mine.update(decided_by=stranger, **declined))
    theirs = BudgetRaise.objects.create(team=world.other_team, budget=other, **raised)
    granted = {"status": RequestStatus.GRANTED, "decided_at": db.now(), "raised": theirs}
    refused("raises_its_budget", lambda: mine.update(**granted))


def test_raises_and_requests_keep_their_word(world: World) -> None:
    budget, alice, bob = cap(world, world.bob, DIME), world.actor(world.alice), world.actor(world.bob)
    raised = budget_raises.grant(by=alice, budget=budget, amount=DIME, until=in_a_day())
    row = BudgetRaise.objects.filter(pk=raised.pk)
    refused("a raise is fixed", lambda: row.update(amount=2 * DIME))
    refused("only comes nearer", lambda: row.update(until=raised.until + timedelta(days=1)))
    request = budget_requests.ask(by=bob, budget=budget, amount=DIME, reason="x")
    wish = BudgetRequest.objects.filter(pk=request.pk)
    refused("what is asked is fixed", lambda: wish.update(amount=2 * DIME))
    refused(
        "budget_request_one_open",
        lambda: BudgetRequest.objects.create(
            team=world.team, budget=budget, asked_by=request.asked_by, amount=1, reason="x"
        ),
    )
    refused("raised_iff_granted", lambda: wish.update(status="granted", decided_at=db.now()))
    budget_requests.decline(by=alice, request=request, answer="No.")
    refused("stays ended", lambda: wish.update(status="open", decided_at=None))
    refused("stays ended", lambda: wish.update(answer="Yes."))
    refused(
        "start open",
        lambda: BudgetRequest.objects.create(
            team=world.team,
            budget=budget,
            asked_by=request.asked_by,
            amount=1,
            reason="x",
            status="declined",
            decided_at=db.now(),
        ),
    )


def test_the_counter_keeps_to_the_cap_with_its_raises_and_to_its_period(world: World) -> None:
    budget = cap(world, world.bob, 2 * DIME)
    accept(world.actor(world.bob), SLUG, DATA)
    usage = BudgetUsage.objects.filter(budget=budget)
    refused("budget exceeded", lambda: usage.update(held=2 * DIME + 1))
    raised = budget_raises.grant(by="test", budget=budget, amount=DIME, until=in_a_day())
    with transaction.atomic():
        usage.update(held=3 * DIME)
        usage.update(held=DIME)
    budget_raises.take_back(by="test", raised=raised)
    refused("budget exceeded", lambda: usage.update(held=3 * DIME))
    refused("is fixed", lambda: usage.update(period_start="2020-01-01"))
    refused("identity is fixed", lambda: Budget.objects.update(period=Period.MONTH))
    budgets.remove_limit(by="test", team=world.team, membership=place(world, world.bob), period=Period.DAY)
    refused("budget ended", lambda: usage.update(held=DIME + 1))
    usage.update(held=0, used=DIME)  # what is held settles all the same


def test_a_raise_that_ends_within_a_statement_still_counts_in_it(world: World) -> None:
    """The UPDATE's condition and its trigger find the same cap, or a 402 would become an error (migration 0005)."""
    budget = cap(world, world.bob, DIME)
    accept(world.actor(world.bob), SLUG, DATA)
    raised = budget_raises.grant(by="test", budget=budget, amount=DIME, until=in_a_day())
    end = f"update billing_budgetraise set until = statement_timestamp() + interval '1 second' where id = {raised.pk}"
    take = f"""update billing_budgetusage u set held = held + {DIME} + length(pg_sleep(1.2)::text)
               from billing_budget_cap({budget.pk}) as c(cap)
               where u.budget_id = {budget.pk} and u.used + u.held + {DIME} <= c.cap"""
    with connection.cursor() as cursor:
        cursor.execute(f"{end}; {take}")  # in one message, so that both have the same statement_timestamp()
        cursor.nextset()
        assert cursor.rowcount == 1
        cursor.execute(take)
        assert cursor.rowcount == 0


@pytest.mark.parametrize("model", [Budget, BudgetUsage, BudgetRaise, BudgetRequest, BudgetWarning])
def test_nothing_of_it_is_deleted(world: World, model: Any) -> None:
    with connection.cursor() as cursor:
        for statement in (f"delete from {model._meta.db_table}", f"truncate {model._meta.db_table} cascade"):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                cursor.execute(statement)
