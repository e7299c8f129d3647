"""Budgets on pages of others: the members' table, the studio."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template

from accounts import roles
from accounts.actors import Actor
from accounts.models import Team
from billing import budget_queries
from billing.budget_queries import State
from project.money import dollars

register = template.Library()
SPANS = {"day": "a day", "month": "a month"}


@register.simple_tag
def budgets_of_members(team: Team) -> dict[int, list[State]]:
    """`{% budgets_of_members team as budgets %}`: a team's budgets by membership id, by one query and the clock."""
    return budget_queries.of_members(team)


@register.filter
def of(budgets: Mapping[int, Sequence[State]], membership_id: int) -> Sequence[State]:
    """`{% for state in budgets|of:member.pk %}`: the budgets of one member, none where nothing limits."""
    return budgets.get(membership_id, [])


@register.filter
def in_short(state: State) -> str:
    """`$2.00 of $5.00 a day`: what is left of a budget."""
    return f"{dollars(state.left)} of {dollars(state.cap)} {SPANS[state.budget.period]}"


@register.filter
def this(period: str) -> str:
    """`today` or `this month`."""
    return "today" if period == "day" else f"this {period}"


@register.filter
def percent_of(part: int, whole: int) -> int:
    """Whole percent for a bar, from 0 to 100; a part of nothing is all of it."""
    return min(part * 100 // whole, 100) if whole > 0 else 100


@register.filter
def held_percent(state: State) -> int:
    """Whole percent of the bar for what is held, beside what is used: both together end where the whole does."""
    return percent_of(state.spent, state.cap) - percent_of(state.used, state.cap)


@register.simple_tag
def who_can_raise(actor: Actor, raised_by: Sequence[str]) -> list[str]:
    """The names of the people of these roles in the actor's team; never an address."""
    return budget_queries.names_of(actor.team, raised_by)


@register.filter
def may_ask_for_more(actor: Any) -> bool:
    """Whether this person can ask for more of a budget of theirs: an owner changes it instead."""
    return isinstance(actor, Actor) and actor.may(roles.MAKE) and not actor.may(roles.OWN)
