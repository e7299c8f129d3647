"""Automatic recharge on pages of others: the wallet."""

from __future__ import annotations

from django import template

from accounts.models import Team
from billing import recharge_queries
from billing.recharge_queries import State

register = template.Library()


@register.simple_tag
def recharge_of(team: Team) -> State:
    """`{% recharge_of team as recharging %}`: a team's automatic recharge now."""
    return recharge_queries.state(team)
