"""Which models can be used right now, and what users read when one cannot: listings and pauses in one query."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from generations.models import Listing
from generations.oversight import pauses


@dataclass(frozen=True)
class Standing:
    """`listed`: not withdrawn. `note` is why it cannot be used now, "" when it can or nobody said."""

    listed: bool
    paused: bool
    note: str

    @property
    def available(self) -> bool:
        return self.listed and not self.paused


UNLISTED = Standing(listed=False, paused=False, note="")


def standings(slugs: Iterable[str] | None = None) -> dict[str, Standing]:
    """How these listed models stand, all without `slugs`. One query."""
    rows: QuerySet[Listing] = Listing.objects.all() if slugs is None else Listing.objects.filter(pk__in=list(slugs))
    found = rows.annotate(maker=pauses.maker_of_slug("slug")).annotate(
        paused=pauses.note_subquery(provider="maker", model="slug")
    )
    return {
        slug: Standing(listed=listed, paused=bool(paused), note=paused or ("" if listed else note))
        for slug, listed, note, paused in found.values_list("slug", "available", "note", "paused")
    }


def standing(slug: str) -> Standing:
    """How one model stands; one that was never listed is not."""
    return standings([slug]).get(slug, UNLISTED)


def available() -> set[str]:
    """The slugs that can be used right now. One query."""
    return {slug for slug, found in standings().items() if found.available}
