"""Where a generation stands: before and after which others in the team's history, in which set, in which queue."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q

from accounts.actors import Actor
from generations import access
from generations.models import Generation, Status

MOST_AHEAD = 100  # more are not counted


@dataclass(frozen=True)
class Neighbours:
    """Public ids of the next older and next newer generation of the team; empty at the ends."""

    older: str
    newer: str


def neighbours(*, actor: Actor, generation: Generation) -> Neighbours:
    """Both by the history's own index: two queries of one row, however long the history is."""
    at, pk = generation.created_at, generation.pk
    rows = access.generations(actor).only("id")
    older = rows.filter(Q(created_at__lt=at) | Q(id__lt=pk), created_at__lte=at).order_by("-created_at", "-id").first()
    newer = rows.filter(Q(created_at__gt=at) | Q(id__gt=pk), created_at__gte=at).order_by("created_at", "id").first()
    return Neighbours(older.public_id if older else "", newer.public_id if newer else "")


def ahead(*, actor: Actor, generation: Generation) -> int:
    """How many of the team's own generations go to the same provider before this queued one, counted up to MOST_AHEAD.

    How long other teams' are waited for is no matter of places: the claim is fair between teams."""
    waiting = access.generations(actor).filter(provider=generation.provider, status=Status.QUEUED)
    return waiting.filter(created_at__lt=generation.created_at)[:MOST_AHEAD].count()
