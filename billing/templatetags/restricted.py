"""What restricts a team, for the pages about its money."""

from __future__ import annotations

from django import template

from accounts.models import Team
from billing import restrictions
from billing.models import Restriction

register = template.Library()


@register.simple_tag
def restriction_of(team: Team) -> Restriction | None:
    """`{% restriction_of actor.team as restriction %}`: the open one, if there is one."""
    return restrictions.open_of(team)
