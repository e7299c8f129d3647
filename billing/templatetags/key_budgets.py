"""Budgets of API keys, on the page of the keys."""

from __future__ import annotations

from django import template

from accounts.models import Team
from billing import budget_queries
from billing.budget_queries import State

register = template.Library()


@register.simple_tag
def budgets_of_keys(team: Team) -> dict[int, list[State]]:
    """`{% budgets_of_keys team as budgets %}`: a team's budgets by key id, by one query and the clock."""
    return budget_queries.of_keys(team)
