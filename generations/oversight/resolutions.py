"""Resolving a generation of unknown outcome: staff bring its task, or release it. Through the functions that callbacks
and sweeps go through, so that whoever comes second finds it done: nothing is charged or released twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from django.db import IntegrityError

from accounts import audit
from accounts.duties import reason_of
from accounts.models import Action
from generations import catalog, claims, limiter, outcomes, providers, submission
from generations.models import Attempt, AttemptOutcome, Generation, Reason, Status
from generations.oversight import usage_match
from generations.providers import base
from generations.states import locked
from project import db
from project.errors import Conflict, FieldError, Invalid, NotFound, RateLimited, Unavailable
from project.ids import public

TASK_ID = re.compile(r"[0-9A-Za-z_.:-]{1,200}", re.ASCII)  # what both providers hand out (kie_records, fal_records)


@dataclass(frozen=True)
class Told:
    """What the provider's record says of a task, in our words. `cost` in micro-dollars where it tells; `proven`: the
    record names the callback address of this very attempt."""

    state: str
    outputs: int
    cost: int | None
    proven: bool


def look_up(*, generation: Generation, task_id: str) -> Told:
    """Asks the provider for a task with our key. On the network: never inside a transaction.

    Raises Invalid on `task_id` for an id that is none, that the provider does not know, that is another generation's,
    or that was made for another model or request; Unavailable and RateLimited when it cannot be asked."""
    task_id = task_id.strip()
    if not TASK_ID.fullmatch(task_id):
        raise _wrong("This is no task id: letters, digits and - _ . : only, up to 200.")
    _require_free(generation, task_id)
    if not limiter.take_read(generation.provider):
        raise RateLimited("The provider is being asked too often right now. Try again in a moment.")
    entry = catalog.get(generation.model)
    found = providers.get(generation.provider).inspect(base.Task(task_id, entry, {}))
    if isinstance(found.says, base.Missing):
        raise _wrong("The provider knows no such task (one just made may take 90 seconds to show).")
    if isinstance(found.says, base.Trouble):
        raise Unavailable("The provider's record could not be had. Try again in a moment.")
    if found.model and found.model != entry.provider_model:
        raise _wrong("The provider made this task for another model.")
    proven = _is_ours(generation, found.callback_url)
    if found.callback_url and not proven:
        raise _wrong("The provider made this task for another request: it calls back to another address.")
    return _told(found.says, proven=proven)


def attach(*, generation_id: UUID, task_id: str, reason: str, by: audit.Staff) -> Generation:
    """unknown -> running with this task, which the provider's record must know. What becomes of it, and whether it is
    charged, is decided as ever by what the provider's record says later.

    Raises what look_up raises, Invalid without a reason, NotFound, Conflict when it is not unknown any more."""
    reason = reason_of(reason)
    row = Generation.objects.filter(pk=generation_id).first()
    if row is None:
        raise NotFound("There is no such generation.")
    _require_unknown(row)
    told = look_up(generation=row, task_id=task_id)
    clean = task_id.strip()

    def work() -> Generation:
        generation = locked(generation_id)
        _require_unknown(generation)
        _require_free(generation, clean)  # a callback may have named it meanwhile
        attempt = Attempt.objects.filter(generation=generation, outcome=AttemptOutcome.UNKNOWN).first()
        if attempt is None or not submission.attach(attempt.pk, clean, urls={}, by=audit.actor_of(by)):
            raise _resolved_meanwhile(generation)
        generation.refresh_from_db()
        _audit(generation, by=by, how="attached", reason=reason, task=clean, provider_says=told.state)
        return generation

    try:
        return db.in_transaction(work)
    except IntegrityError as error:
        if db.broken_rule(error) != "generation_task_once":
            raise
        raise _wrong("This task belongs to another generation.") from error


def release(*, generation_id: UUID, reason: str, by: audit.Staff) -> Generation:
    """unknown -> failed(outcome_unknown): all that it held goes back to the team, what the provider may have charged
    stays booked as unattributed. A result that comes later is kept and never charged.

    Raises Invalid without a reason, NotFound, Conflict when it is not unknown any more."""
    reason = reason_of(reason)
    if not Generation.objects.filter(pk=generation_id).exists():
        raise NotFound("There is no such generation.")

    def work() -> Generation:
        generation = locked(generation_id)
        _require_unknown(generation)
        outcomes.fail_locked(
            generation, reason=Reason.OUTCOME_UNKNOWN, detail="released by staff", actor=audit.actor_of(by)
        )
        _audit(generation, by=by, how="released", reason=reason)
        return generation

    return db.in_transaction(work)


def _audit(generation: Generation, *, by: audit.Staff, **data: str) -> None:
    audit.record(
        Action.UNKNOWN_RESOLVED,
        by=by,
        team=generation.team,
        target=generation.public_id,
        target_name=generation.public_id,
        data=data,
    )


def _require_unknown(generation: Generation) -> None:
    if generation.status != Status.UNKNOWN:
        raise _resolved_meanwhile(generation)


def _resolved_meanwhile(generation: Generation) -> Conflict:
    return Conflict(f"Nothing to resolve: it is {generation.status}.", code="not_unknown")


def _require_free(generation: Generation, task_id: str) -> None:
    """Not a task of another generation, nor one that came for another: its team would get what that one's asked for."""
    other = usage_match.owner_besides(generation, task_id)
    if other is not None:
        raise _wrong(f"This task belongs to another generation: {public('gen', other)}.")


def _is_ours(generation: Generation, callback_url: str) -> bool:
    """Whether an address that a record names holds the token of an attempt of this generation."""
    token = callback_url.rpartition("/")[2]
    return Attempt.objects.filter(generation=generation, token_hash=claims.token_hash(token)).exists()


def _told(says: base.Observation, *, proven: bool) -> Told:
    match says:
        case base.Done(sources=sources, text=text, cost=cost):
            return Told("done", len(sources) or int(bool(text)), cost, proven)
        case base.Failed(cost=cost):
            return Told("failed", 0, cost, proven)
        case base.Unreadable():
            return Told("done, with a result that cannot be read", 0, None, proven)
        case _:
            return Told("running", 0, None, proven)


def _wrong(message: str) -> Invalid:
    return Invalid(message, errors=[FieldError("task_id", message, "not_attachable")])
