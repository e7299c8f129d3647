"""A team by what an address or a form names it."""

from __future__ import annotations

from accounts.models import Team
from project import ids
from project.errors import FieldError, Invalid, NotFound


def by_id(public_id: object) -> Team:
    """A team by its public id. Raises NotFound."""
    uuid = ids.parse("team", public_id)
    found = Team.objects.filter(uuid=uuid).first() if uuid else None
    if found is None:
        raise NotFound("There is no such team.")
    return found


def by_name(text: str) -> Team:
    """A team by its public id or its whole name. Raises Invalid on the field `team`."""
    uuid = ids.parse("team", text)
    rows = list(Team.objects.filter(uuid=uuid) if uuid else Team.objects.filter(name__iexact=text)[:2])
    if len(rows) != 1:
        said = "Several teams have this name: write the team's id." if rows else "No team has this id or name."
        raise Invalid(said, errors=[FieldError("team", said, "not_found")])
    return rows[0]
