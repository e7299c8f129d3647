"""The desks in templates that no view of ours renders."""

from __future__ import annotations

from django import template

from generations.staff.desk import DESKS, Desk, may

register = template.Library()


@register.filter
def desks_of(user: object) -> list[Desk]:
    """The desks that this person may see."""
    return [desk for desk in DESKS if may(user, desk.permission)]
