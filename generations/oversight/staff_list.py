"""Everybody of the staff with their duties."""

from __future__ import annotations

from dataclasses import dataclass

from accounts import duties
from accounts.models import User
from accounts.queries import with_factor
from project.errors import NotFound

MOST = 500  # people


@dataclass(frozen=True)
class Person:
    """One of the operator's people: the acts that were given, and whether they have a second factor."""

    user: User
    acts: list[str]
    has_factor: bool


def people() -> list[Person]:
    """All of them, by address. Four queries."""
    rows = list(User.objects.filter(is_staff=True).order_by("email")[:MOST])
    held = duties.of_people([row.pk for row in rows])
    factors = with_factor([row.pk for row in rows])
    return [Person(row, held.get(row.pk, []), row.pk in factors) for row in rows]


def person(pk: int) -> Person:
    """One of them. Raises NotFound."""
    row = User.objects.filter(pk=pk, is_staff=True).first()
    if row is None:
        raise NotFound("Nobody of the staff is this.")
    return Person(row, duties.of_people([row.pk]).get(row.pk, []), row.pk in with_factor([row.pk]))
