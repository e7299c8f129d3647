"""What restricts a team, for the pages about its money."""

from __future__ import annotations

from django import template

from accounts.models import Team
from billing import freezes, restrictions
from billing.models import Restriction, WalletFreeze

register = template.Library()


@register.simple_tag
def restriction_of(team: Team) -> Restriction | None:
    """`{% restriction_of actor.team as restriction %}`: the open one, if there is one."""
    return restrictions.open_of(team)


@register.simple_tag
def freeze_of(team: Team) -> WalletFreeze | None:
    """`{% freeze_of actor.team as freeze %}`: the open freeze of its wallet, if there is one."""
    return freezes.open_of(team)
