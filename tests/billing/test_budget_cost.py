"""What budgets cost an accept and a page of members, in queries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.template import Context, Template

from accounts.models import Membership, Role
from billing.models import Period
from tests.billing.conftest import DATA, DIME, SLUG, cap, join, key_cap, place
from tests.invariants.steps import accept
from tests.world import World

Count = Callable[[Callable[[], Any]], int]


def test_two_budgets_cost_an_accept_six_queries_warnings_included(world: World, count_queries: Count) -> None:
    """The clock, a counter to lock and one to change for each, and one insert; also while it stands above 80 %."""
    actor = world.actor()
    accept(actor, SLUG, DATA)
    without = count_queries(lambda: accept(actor, SLUG, DATA))
    for period in Period:
        key_cap(world, 11 * DIME, period)
    for _ in range(9):  # 80 % is passed and told
        accept(actor, SLUG, DATA)
    assert count_queries(lambda: accept(actor, SLUG, DATA)) == without + 6


def test_the_members_table_gets_all_budgets_by_two_queries(world: World, count_queries: Count) -> None:
    template = Template(
        "{% load budgets %}{% budgets_of_members team as budgets %}{% for row in people %}{{ row.user.name }}:"
        "{% for state in budgets|of:row.pk %} {{ state|in_short }}{% endfor %};{% endfor %}"
    )
    cap(world, world.bob, 5 * DIME)
    cap(world, world.bob, 50 * DIME, Period.MONTH)
    accept(world.actor(world.bob), SLUG, DATA)
    people = [place(world, user) for user in (world.alice, world.bob)]
    text = template.render(Context({"team": world.team, "people": people}))
    assert text == "alice:;bob: $0.40 of $0.50 a day $4.90 of $5.00 a month;"
    for number in range(20):
        cap(world, join(world, f"m{number}", Role.MEMBER), DIME)
    people = list(Membership.current.filter(team=world.team).select_related("user"))
    assert count_queries(lambda: template.render(Context({"team": world.team, "people": people}))) == 2
