"""What a team can narrow its history by: its people, keys and tags, those of the past too."""

from __future__ import annotations

from dataclasses import dataclass

from accounts import access, roles
from accounts.actors import Actor
from accounts.models import ApiKey, Membership
from generations import labels


@dataclass(frozen=True)
class Choice:
    """One entry of a list: how the address names it, how a person reads it, its row."""

    value: str
    words: str
    pk: int


@dataclass(frozen=True)
class Choices:
    members: list[Choice]
    keys: list[Choice]
    tags: list[str]

    def member(self, email: str) -> Choice | None:
        """The member of this address, whatever its case."""
        return next((each for each in self.members if each.value.lower() == email.lower()), None)

    def key(self, public_id: str) -> Choice | None:
        return next((each for each in self.keys if each.value == public_id), None)

    def tag(self, name: str) -> str | None:
        """The tag as the team writes it, whatever its case here."""
        return next((each for each in self.tags if each.lower() == name.lower()), None)


def of(actor: Actor) -> Choices:
    """Everybody who belongs or belonged to the team, all its keys, its tags. Three queries."""
    access.require(actor, roles.SEE)
    people = Membership.objects.select_related("user").filter(team=actor.team).order_by("ended_at", "user__email")
    people = people.only("ended_at", "user__email", "user__name")
    keys = ApiKey.objects.filter(team=actor.team).order_by("-revoked_at", "name", "id")
    return Choices(
        members=[Choice(row.user.email, _person(row), row.pk) for row in people],
        keys=[Choice(row.public_id, _key(row), row.pk) for row in keys.only("uuid", "name", "revoked_at")],
        tags=labels.tags_of(actor),
    )


def _person(row: Membership) -> str:
    words = f"{row.user.name} ({row.user.email})" if row.user.name else row.user.email
    return f"{words}, has left" if row.ended_at else words


def _key(row: ApiKey) -> str:
    return f"{row.name}, revoked" if row.revoked_at else row.name
