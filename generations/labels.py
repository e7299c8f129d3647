"""Favourites of a member and tags of a team: what people put on generations to find them again.

A favourite is its member's own: who may see, may mark. A tag is the team's: who makes, may tag. Whatever names tags
takes turns in its team, by an advisory lock before any other, so that limits are exact and the same new tag may be
made by two at once.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower

from accounts import access, roles
from accounts.actors import Actor
from generations.models import Favourite, Generation, Tag, Tagging
from project import db
from project.errors import FieldError, Forbidden, Invalid, NotFound
from project.text import clean_name

MOST_OF_A_GENERATION = 20
MOST_OF_A_TEAM = 500
COUNTED = 1000  # taggings that are counted for the list of tags: beyond it says "1,000+"

T = TypeVar("T")


@dataclass(frozen=True)
class Labels:
    """What stands on one generation: whether the one who looks marked it, and the team's tags in order of name."""

    favourite: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Counted:
    """A tag of the team and on how many generations it is, counted up to COUNTED."""

    name: str
    count: int

    @property
    def words(self) -> str:
        """`12 generations`, `more than 1,000 generations`."""
        if self.count > COUNTED:
            return f"more than {COUNTED:,} generations"
        return f"{self.count:,} generation{'' if self.count == 1 else 's'}"


def shown(*, actor: Actor, generations: Sequence[Generation]) -> dict[UUID, Labels]:
    """The labels of each of these generations by primary key, as the actor sees them. Two queries for any number."""
    access.require(actor, roles.SEE)
    wanted = [row.pk for row in generations]
    if not wanted:
        return {}
    marked = set(_favourites(actor).filter(generation__in=wanted).values_list("generation_id", flat=True))
    tags: dict[UUID, list[str]] = {}
    on = Tagging.objects.filter(team=actor.team, generation__in=wanted)
    for pk, name in on.values_list("generation_id", "tag__name"):
        tags.setdefault(pk, []).append(name)
    return {pk: Labels(pk in marked, tuple(sorted(tags.get(pk, ()), key=_place))) for pk in wanted}


def narrow(rows: QuerySet[Generation], *, actor: Actor, favourite: bool = False, tag: str = "") -> QuerySet[Generation]:
    """Of these rows those that the actor marked, and those with a tag; all without a wish. A tag that the team has
    not is on none. At most one query here: with the tag's own id PostgreSQL knows how many it stands on."""
    if favourite:
        rows = rows.filter(pk__in=_favourites(actor).values("generation"))
    if tag:
        found = _found(actor, tag)
        if found is None:
            return rows.none()
        rows = rows.filter(pk__in=Tagging.objects.filter(tag=found).values("generation"))
    return rows


def tags_of(actor: Actor) -> list[str]:
    """The names of the team's tags, in order. One query."""
    access.require(actor, roles.SEE)
    return sorted(Tag.objects.filter(team=actor.team).values_list("name", flat=True), key=_place)


def counted(actor: Actor) -> list[Counted]:
    """The team's tags with their numbers of generations. One query, which counts at most COUNTED + 1 of each."""
    access.require(actor, roles.SEE)
    some = "(select count(*) from (select from generations_tagging t where t.tag_id = generations_tag.id limit %s) s)"
    rows = Tag.objects.filter(team=actor.team).annotate(on=RawSQL(some, [COUNTED + 1]))  # noqa: S611 - a constant
    return sorted((Counted(*row) for row in rows.values_list("name", "on")), key=lambda row: _place(row.name))


def favour(*, actor: Actor, generations: Sequence[Generation]) -> None:
    """Marks generations of the actor's team as favourites of the member who acts. Again is nothing new. Raises
    Forbidden for a key, which is nobody's own."""

    def work() -> None:
        membership = access.still(actor, roles.SEE).membership
        if membership is None:
            raise Forbidden("A favourite is a person's own: an API key has none.")
        Favourite.objects.bulk_create(
            [Favourite(team=actor.team, membership=membership, generation=row) for row in _in_order(generations)],
            ignore_conflicts=True,
        )

    db.in_transaction(work)


def unfavour(*, actor: Actor, generations: Sequence[Generation]) -> None:
    """Takes the member's own mark off these generations."""
    access.require(actor, roles.SEE)
    db.in_transaction(lambda: _favourites(actor).filter(generation__in=list(generations)).delete())


def tag(*, actor: Actor, generations: Sequence[Generation], name: str) -> str:
    """Puts the team's tag of this name on each generation, making it where the team has none; returns its name as the
    team writes it. Raises Invalid on `tag` for a name that is none, or when a limit would be passed: then none of them
    is tagged."""
    wanted = _clean(name, "tag")

    def work() -> str:
        found = _found(actor, wanted) or _made(actor, wanted)
        wanted_rows = _in_order(generations)
        there = set(found.taggings.filter(generation__in=wanted_rows).values_list("generation_id", flat=True))
        bare = [row for row in wanted_rows if row.pk not in there]
        _require_room(bare)
        Tagging.objects.bulk_create(
            Tagging(team=actor.team, tag=found, generation=row, created_by=actor.name) for row in bare
        )
        return found.name

    return _in_turn(actor, work)


def untag(*, actor: Actor, generations: Sequence[Generation], name: str) -> None:
    """Takes a tag off these generations; the team keeps it. One that is not there is no error."""

    def work() -> None:
        if found := _found(actor, name):
            found.taggings.filter(generation__in=list(generations)).delete()

    _in_turn(actor, work)


def rename_tag(*, actor: Actor, name: str, to: str) -> str:
    """Gives a tag of the team another name wherever it stands; returns it. Raises NotFound, and Invalid on `to` for a
    name that is none or that another tag of the team has."""
    wanted = _clean(to, "to")

    def work() -> str:
        found = _require(actor, name)
        other = _found(actor, wanted)
        if other is not None and other.pk != found.pk:
            raise _invalid("to", f"The team has a tag “{other.name}” already.", "taken")
        found.name = wanted
        found.save(update_fields=["name"])
        return wanted

    return _in_turn(actor, work)


def delete_tag(*, actor: Actor, name: str) -> int:
    """Takes a tag off everything and away; returns on how many generations it stood. Raises NotFound."""

    def work() -> int:
        found = _require(actor, name)
        taken, _ = found.taggings.all().delete()
        found.delete()
        return taken

    return _in_turn(actor, work)


def of_name(actor: Actor, name: str) -> Counted:
    """One tag of the team with its number of generations. Raises NotFound."""
    access.require(actor, roles.SEE)
    found = _require(actor, name)
    return Counted(found.name, found.taggings.all()[: COUNTED + 1].count())


def _place(name: str) -> str:
    """Where a name stands in a list: accents beside their letters, which the database's own order does not do."""
    return unicodedata.normalize("NFKD", name.casefold())


def _in_turn(actor: Actor, work: Callable[[], T]) -> T:
    def alone() -> T:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"framehouse:tags:{actor.team.pk}"]
            )
        access.still(actor, roles.MAKE)
        return work()

    access.require(actor, roles.MAKE)
    return db.in_transaction(alone)


def _favourites(actor: Actor) -> QuerySet[Favourite]:
    mine = Favourite.objects.filter(team=actor.team)
    return mine.filter(membership=actor.membership) if actor.membership else mine.none()


def _found(actor: Actor, name: str) -> Tag | None:
    try:
        wanted = clean_name(name, longest=Tag.LONGEST)
    except ValueError:
        return None
    rows = Tag.objects.filter(team=actor.team).alias(folded=Lower("name"))
    return rows.filter(folded=Lower(Value(wanted))).first()


def _require(actor: Actor, name: str) -> Tag:
    found = _found(actor, name)
    if found is None:
        raise NotFound("There is no such tag.")
    return found


def _made(actor: Actor, name: str) -> Tag:
    if Tag.objects.filter(team=actor.team).count() >= MOST_OF_A_TEAM:
        sentence = f"A team has at most {MOST_OF_A_TEAM} tags. Use one of them, or delete one that is not needed."
        raise _invalid("tag", sentence, "too_many")
    return Tag.objects.create(team=actor.team, name=name, created_by=actor.name)


def _require_room(generations: Sequence[Generation]) -> None:
    """Each of these is to have one tag more."""
    on = Tagging.objects.filter(generation__in=list(generations)).order_by()
    full = on.values("generation").annotate(tags=Count("pk")).filter(tags__gte=MOST_OF_A_GENERATION).count()
    if full:
        which = "It has" if len(generations) == 1 else f"{full} of these {'have' if full > 1 else 'has'}"
        rest = "" if len(generations) == 1 else " Nothing was tagged."
        raise _invalid("tag", f"{which} {MOST_OF_A_GENERATION} tags already, which is the most.{rest}", "too_many")


def _in_order(generations: Sequence[Generation]) -> list[Generation]:
    """Each once, and in one order, so that two who mark the same ones wait for each other and not both."""
    return sorted({row.pk: row for row in generations}.values(), key=lambda row: row.pk)


def _clean(name: str, field: str) -> str:
    try:
        return clean_name(name, longest=Tag.LONGEST)
    except ValueError as error:
        raise _invalid(field, f"A tag {error}.", "invalid") from error


def _invalid(field: str, sentence: str, code: str) -> Invalid:
    return Invalid(sentence, errors=[FieldError(field, sentence, code)])
