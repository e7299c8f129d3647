"""What each role may do, as a table for people: made from the one that the code reads."""

from __future__ import annotations

from dataclasses import dataclass

from django import template

from accounts import roles
from accounts.models import Role

register = template.Library()
HEADS = {
    roles.SEE: "See the history",
    roles.MAKE: "Make",
    roles.BILLING: "Wallet and payments",
    roles.MANAGE: "Members, keys, budgets, webhooks",
    roles.OWN: "The team itself",
}


@dataclass(frozen=True)
class Line:
    """A role, and under which heading it may act."""

    role: str
    may: list[tuple[str, bool]]


@register.simple_tag
def role_lines() -> list[Line]:
    """`{% role_lines as lines %}`: every role, with each heading and whether it may."""
    return [
        Line(role, [(head, permission in roles.of_role(role)) for permission, head in HEADS.items()])
        for role in Role.values
    ]
