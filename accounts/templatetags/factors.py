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
    """Who lets this person in only with a second factor, for a sentence: `Studio`, `Studio and Atelier`; empty when
    nobody does."""
    names = [team.name for team in factors.teams_that_require_one(user)]
    if user.is_staff:
        names.append("the staff pages")
    head, tail = names[:-1], names[-1:]
    return " and ".join([", ".join(head), *tail] if head else tail)


@register.simple_tag
def wrapped(rows: Iterable[Authenticator]) -> list[Any]:
    """django-allauth's wrappers of these factors: their names and kinds."""
    return [row.wrap() for row in rows]


@register.simple_tag
def is_last_factor(user: User) -> bool:
    """Whether the person has exactly one second factor (recovery codes stand in for one, and are none)."""
    return Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES).count() == 1
