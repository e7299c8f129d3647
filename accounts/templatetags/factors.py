"""What the pages about second factors say of the person's teams."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from allauth.mfa.models import Authenticator
from django import template

from accounts import factors
from accounts.models import User

register = template.Library()


@register.simple_tag
def who_requires(user: User) -> str:
    """Who lets this person in only with a second factor, as the beginning of a sentence: `Studio requires`, `Studio
    and Zebra require`; empty when nobody does."""
    names = [team.name for team in factors.teams_that_require_one(user)]
    if user.is_staff:
        names.append("the staff pages" if names else "The staff pages")
    head, tail = names[:-1], names[-1:]
    verb = "require" if head or user.is_staff else "requires"
    return f"{' and '.join([', '.join(head), *tail] if head else tail)} {verb}" if names else ""


@register.simple_tag
def wrapped(rows: Iterable[Authenticator]) -> list[Any]:
    """django-allauth's wrappers of these factors: their names and kinds."""
    return [row.wrap() for row in rows]


@register.simple_tag
def is_last_factor(user: User) -> bool:
    """Whether the person has exactly one second factor (recovery codes stand in for one, and are none)."""
    rows = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return len(rows) == 1
