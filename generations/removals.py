"""Deletes what generations made: files and texts go; the row, its receipt and what was charged stay (issue 6.3).

The removal's row stands before a file goes: from then on nothing shows or links it, whatever the storage does. A job
takes the files; the sweep comes again for what it left, until `files_gone_at` stands.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts import access, audit, roles
from accounts.actors import Actor
from accounts.models import Action, ApiKey, User
from accounts.webhooks import events
from generations import files
from generations.models import Generation, GenerationEvent, Output, Removal, Status
from project import db, ids, queue
from project.errors import Conflict, Forbidden
from project.times import stamp

log = logging.getLogger(__name__)

JOB = "generations.tasks.remove_files"
NOT_YOURS = "You can delete the outputs of what you made yourself. An owner or an admin can delete those of others."
LEASE = timedelta(minutes=5)  # one try at the files of one generation; longer than a job may live
SHORTEST, LONGEST = timedelta(seconds=30), timedelta(hours=1)  # until the next try: as long as it has taken so far
SECONDS = 40.0  # after which a job leaves the rest to the sweep; below the lane's timeout
_NAME = re.compile(r"teams/\d+/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/", re.ASCII)


@dataclass
class Judged:
    """Generations by what deleting their outputs would mean to one actor."""

    go: list[Generation] = field(default_factory=list)
    under_way: list[Generation] = field(default_factory=list)
    not_theirs: list[Generation] = field(default_factory=list)
    nothing: list[Generation] = field(default_factory=list)  # deleted already, or nothing ever came


def is_removed(generation: Generation) -> bool:
    """Whether its outputs were deleted. No query for one that has not ended, and for a row that was fetched with
    `select_related("removal")`."""
    return generation.ended and hasattr(generation, "removal")


def words(generation: Generation) -> str:
    """`Outputs deleted by Bob on 22 November 2026`; nothing for one whose outputs were not. One query for the name."""
    return words_of([generation]).get(generation.pk, "")


def words_of(generations: Iterable[Generation]) -> dict[UUID, str]:
    """The same of each of these (of one team) whose outputs were deleted, by primary key. At most two queries."""
    removals = {row.pk: row.removal for row in generations if is_removed(row)}
    names = _people({removal.removed_by for removal in removals.values()})
    return {
        pk: f"Outputs deleted by {names.get(row.removed_by, 'somebody')} on {_day(row.removed_at)}"
        for pk, row in removals.items()
    }


def _people(names: set[str]) -> dict[str, str]:
    """How those who act are called, by Actor.name."""
    people = {int(name.removeprefix("user:")) for name in names if name.startswith("user:")}
    keys = [pk for name in names if (pk := ids.parse("key", name)) is not None]
    called: dict[str, str] = {}
    if people:
        called |= {audit.name_of(row): row.name or row.email for row in User.objects.filter(pk__in=people)}
    if keys:
        called |= {row.public_id: f"the API key “{row.name}”" for row in ApiKey.objects.filter(uuid__in=keys)}
    return called


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC).day} {moment.astimezone(UTC):%B %Y}"


def judge(*, actor: Actor, generations: Iterable[Generation]) -> Judged:
    """Which of these could be deleted by the actor. No query for rows that were fetched with their removal."""
    found = Judged()
    for row in generations:
        if not row.ended:
            found.under_way.append(row)
        elif is_removed(row) or row.status != Status.SUCCEEDED:
            found.nothing.append(row)
        elif not _may(actor, row):
            found.not_theirs.append(row)
        else:
            found.go.append(row)
    return found


def remove(*, actor: Actor, generations: Sequence[Generation]) -> int:
    """Deletes the outputs of ended generations of the actor's team, all or none; returns of how many there were any.
    Again is nothing new. Raises Conflict (`not_ended`) while one is under way, Forbidden for one of somebody else."""
    access.require(actor, roles.MAKE)
    wanted = sorted({row.pk for row in generations})
    return db.in_transaction(lambda: _remove(actor, wanted))


def _remove(actor: Actor, wanted: Sequence[UUID]) -> int:
    by = access.still(actor, roles.MAKE)
    rows = Generation.objects.filter(team=by.team, pk__in=wanted).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk"))  # looked at only then: another may have been faster
    judged = judge(actor=by, generations=rows.select_related("removal"))
    if judged.under_way:
        first = judged.under_way[0]
        sentence = f"{first.public_id} is {first.status}: outputs can be deleted once it has ended."
        raise Conflict(sentence, code="not_ended", extra={"generation": first.public_id}, headers={"Retry-After": "5"})
    if judged.not_theirs:
        raise Forbidden(NOT_YOURS, code="not_yours")
    if not judged.go:
        return 0
    moment = db.now()
    texts = [row.pk for row in judged.go if row.kind == "text"]
    Removal.objects.bulk_create(
        Removal(
            generation=row,
            team=by.team,
            removed_by=by.name,
            removed_at=moment,
            next_try_at=moment,
            files_gone_at=moment if row.kind == "text" else None,
        )
        for row in judged.go
    )
    if texts:
        Generation.objects.filter(pk__in=texts).update(text="")
    GenerationEvent.objects.bulk_create(
        GenerationEvent(generation=row, team=by.team, kind="outputs_deleted", actor=by.name) for row in judged.go
    )
    told: dict[str, Any] = {"outputs": [], "text": None, "outputs_deleted_at": stamp(moment)}
    events.replace(team=by.team, subjects=[row.public_id for row in judged.go], fields=told)
    _write_down(by, judged.go)
    if len(texts) < len(judged.go):
        queue.enqueue(JOB)
    return len(judged.go)


def _write_down(by: Actor, rows: Sequence[Generation]) -> None:
    names = [row.public_id for row in rows]
    if len(rows) == 1:
        audit.record(Action.OUTPUTS_DELETED, by=by, team=by.team, target=names[0], target_name=names[0])
    else:
        data = {"generations": names}
        audit.record(Action.OUTPUTS_DELETED, by=by, team=by.team, target_name=f"{len(rows)} generations", data=data)


def _may(actor: Actor, row: Generation) -> bool:
    """Members what they made, keys what they made, and who manages the team all of it."""
    if actor.may(roles.MANAGE):
        return True
    if actor.api_key is not None:
        return row.api_key_id == actor.api_key.pk
    return actor.membership is not None and row.membership_id == actor.membership.pk


def gone(name: str) -> bool:
    """Whether a stored name is of an output that was deleted, wherever its file is by now. One query for such names."""
    found = _NAME.match(name)
    return found is not None and Removal.objects.filter(generation=UUID(found[1])).exists()


def drop_files(*, seconds: float = SECONDS) -> int:
    """Takes the files of removals that are due out of the storage; returns of how many they are gone. May run twice,
    late and beside itself. A storage that fails is asked again later."""
    done, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        removal = db.in_transaction(_claim)
        if removal is None:
            break
        try:
            for name in _names(removal):
                files.delete(name)
        except files.StorageDown:
            log.exception("the outputs of %s could not be deleted yet", removal.generation_id)
            moment = db.now()
            pause = min(max(moment - removal.removed_at, SHORTEST), LONGEST)
            _unfinished().filter(pk=removal.pk).update(next_try_at=moment + pause)
        else:
            _unfinished().filter(pk=removal.pk).update(files_gone_at=db.now())
            done += 1
    return done


def _claim() -> Removal | None:
    """The one that is due longest, ours for a lease: who is killed meanwhile leaves it to the sweep."""
    moment = db.now()
    due = _unfinished().filter(next_try_at__lte=moment).order_by("next_try_at")
    removal = due.select_for_update(skip_locked=True, no_key=True).first()
    if removal is not None:
        removal.next_try_at = moment + LEASE
        removal.save(update_fields=["next_try_at"])
    return removal


def _unfinished() -> QuerySet[Removal]:
    return Removal.objects.filter(files_gone_at=None)


def _names(removal: Removal) -> list[str]:
    rows = Output.objects.filter(generation=removal.generation_id).values_list("name", "preview")
    return [name for both in rows for name in both if name]
