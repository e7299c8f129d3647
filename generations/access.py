"""The only getters of a team's generations, uploads and quotes at the edges: strangers get 404."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from accounts import access, roles
from accounts.actors import Actor
from generations.models import Batch, Generation, Output, Share, Upload, UploadState
from generations.oversight import pauses
from project import db, ids
from project.errors import NotFound


def generations(actor: Actor) -> QuerySet[Generation]:
    """All generations of the actor's team."""
    access.require(actor, roles.SEE)
    return Generation.objects.filter(team=actor.team)


def shown(actor: Actor) -> QuerySet[Generation]:
    """The same with what an answer needs: what they made, and `paused`, what users read of the pause that the provider
    or model is under, "" without one."""
    note = pauses.note_subquery(provider="provider", model="model")
    return generations(actor).select_related("removal").prefetch_related("outputs").annotate(paused=note)


def generation(actor: Actor, public_id: str) -> Generation:
    """One generation of the actor's team by its public id, with what a page or answer needs. Raises NotFound."""
    wanted = ids.parse("gen", public_id)
    found = (
        shown(actor)
        .select_related("team", "price_version", "api_key", "membership__user", "hold", "batch", "removal")
        .filter(pk=wanted)
        .first()
        if wanted
        else None
    )
    if found is None:
        raise NotFound("There is no such generation.")
    return found


def selected(actor: Actor, public_ids: Iterable[str]) -> list[Generation]:
    """The generations of the actor's team with these public ids, newest first, with what they made. Raises NotFound
    when one of them is not there."""
    wanted = {text: ids.parse("gen", text) for text in public_ids}
    known = [pk for pk in wanted.values() if pk is not None]
    rows = generations(actor).select_related("removal").prefetch_related("outputs").filter(pk__in=known)
    found = list(rows.order_by("-created_at", "-id"))
    if len(found) != len(wanted):
        raise NotFound("There is no such generation.")
    return found


def output(actor: Actor, public_id: str, index: int) -> Output:
    """One output of a generation of the actor's team. Raises NotFound."""
    found = Output.objects.filter(generation=generation(actor, public_id), index=index).first()
    if found is None:
        raise NotFound("There is no such output.")
    return found


def shares(actor: Actor, row: Generation) -> QuerySet[Share]:
    """The share links of a generation of the actor's team, whatever became of them."""
    access.require(actor, roles.SEE)
    return Share.objects.filter(team=actor.team, generation=row)


def share(actor: Actor, row: Generation, public_id: str) -> Share:
    """One of them. Raises NotFound."""
    wanted = ids.parse("shr", public_id)
    found = shares(actor, row).filter(pk=wanted).first() if wanted else None
    if found is None:
        raise NotFound("There is no such link.")
    return found


def uploads(actor: Actor) -> QuerySet[Upload]:
    """The uploads that the actor's team can use."""
    access.require(actor, roles.SEE)
    return Upload.objects.filter(team=actor.team, state=UploadState.READY, expires_at__gt=db.now())


def upload(actor: Actor, public_id: str) -> Upload:
    """One upload that the actor's team can use. Raises NotFound."""
    wanted = ids.parse("upl", public_id)
    found = uploads(actor).filter(pk=wanted).first() if wanted else None
    if found is None:
        raise NotFound("There is no such upload.")
    return found


def batch(actor: Actor, public_id: str) -> Batch:
    """One batch of the actor's team. Raises NotFound."""
    access.require(actor, roles.SEE)
    wanted = ids.parse("bat", public_id)
    found = Batch.objects.filter(team=actor.team, pk=wanted).first() if wanted else None
    if found is None:
        raise NotFound("There is no such batch.")
    return found


def generations_of_batch(actor: Actor, row: Batch) -> dict[str, Generation]:
    """A batch's generations by public id, with what an answer needs."""
    return {each.public_id: each for each in shown(actor).filter(batch=row)}
