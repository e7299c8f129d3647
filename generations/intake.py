"""Accept: from a request to a queued generation with its hold, in one transaction (design section 4.2).

Idempotency row, generation, hold, budgets, history, job row and outgoing event are written together or not at all;
of a refusal for money only the idempotency outcome is kept. A batch (batches.py) goes the same way with many.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import IntegrityError, transaction

from accounts import access, roles, teams
from accounts.actors import Actor
from accounts.models import Team
from billing import holds, reconcile
from generations import idempotency, inputs, offers, orders, pricing, uploads
from generations.models import Generation, IdempotencyRecord
from generations.orders import Ready
from generations.orders import Request as Request
from generations.orders import prepare as prepare
from generations.states import record_accepted
from project import db, ids, queue
from project.errors import Busy, PaymentRequired
from project.money import to_json

HOLD_SLACK = timedelta(minutes=20)  # a result on its last minute may still be fetched for 15

T = TypeVar("T")
Key = tuple[str, str] | None  # an idempotency key and the print of its request
Render = Callable[[Generation], idempotency.Answer]


def accept(*, actor: Actor, request: Request, render: Render) -> tuple[Generation | None, idempotency.Answer]:
    """Accepts one generation. `render` makes the answer that is stored for the idempotency key.

    Returns the generation (None when a stored answer is replayed, or money is missing) and the answer. Raises
    Invalid, Conflict, PaymentRequired, Forbidden."""
    access.require(actor, roles.MAKE)
    answer = replay(actor.team, request.idempotency)
    if answer is not None:
        return None, answer
    ready = orders.prepare(actor=actor, request=request)
    inputs.check_webhook(request.webhook_url)
    inputs.look_at_images(entry=ready.entry, data=ready.input)

    def work(actor: Actor) -> tuple[Generation, idempotency.Answer]:
        access.require_model(actor, ready.entry.slug)
        generation = _write(actor, request, ready)
        return generation, render(generation)

    return once(actor=actor, key=request.idempotency, work=work)


def replay(team: Team, key: Key) -> idempotency.Answer | None:
    """The stored answer of a key that was used before, looked up before anything is validated anew."""
    if key is None:
        return None
    return idempotency.first_answer(team=team, key=key[0], print_of_request=key[1])


def once(
    *, actor: Actor, key: Key, work: Callable[[Actor], tuple[T, idempotency.Answer]]
) -> tuple[T | None, idempotency.Answer]:
    """Runs `work` in one transaction, once per idempotency key, for somebody who still may make.

    Returns what it made and its answer; None with a stored answer. When money is missing, whatever it wrote is taken
    back, and the refusal is the key's answer. Raises PaymentRequired without a key, Forbidden, Conflict, Invalid."""
    return db.in_transaction(lambda: _once(actor, key, work))


def _once(
    actor: Actor, key: Key, work: Callable[[Actor], tuple[T, idempotency.Answer]]
) -> tuple[T | None, idempotency.Answer]:
    actor = access.still(actor, roles.MAKE)
    team = actor.team
    teams.require_active(team)
    reconcile.require_sound()
    slot: IdempotencyRecord | None = None
    if key is not None:
        begun = idempotency.begin(team=team, key=key[0], print_of_request=key[1])
        if isinstance(begun, idempotency.Answer):
            return None, begun
        slot = begun
    try:
        with transaction.atomic():
            made, answer = work(actor)
    except IntegrityError as error:
        if db.broken_rule(error) != "hold_of_active_team":
            raise
        teams.require_active(Team.objects.get(pk=team.pk))  # it was suspended or began to close a moment ago
        raise Busy("The team was suspended for a moment. Nothing was written; try again.") from error
    except PaymentRequired as problem:
        if slot is None:
            raise
        answer = idempotency.Answer(problem.status, problem.as_json(), problem.headers)
        return None, idempotency.finish(slot, answer)
    return made, answer if slot is None else idempotency.finish(slot, answer)


def _write(actor: Actor, request: Request, ready: Ready) -> Generation:
    """The rows of one accepted generation. The savepoint around takes them all back when money is missing."""
    try:
        generation = reserve(actor=actor, request=request, ready=ready, moment=db.now())
    except PaymentRequired as problem:
        name_what_fits(problem, ready)
        raise
    write([generation], actor=actor)
    return generation


def reserve(*, actor: Actor, request: Request, ready: Ready, moment: datetime) -> Generation:
    """Sets its money aside. Returns the generation that this is for, which `write` must write in the same
    transaction (a hold of none is refused at COMMIT). Raises PaymentRequired and what holds.hold raises."""
    generation_id = uuid.uuid4()
    deadline = moment + timedelta(seconds=ready.entry.deadline_seconds)
    hold = holds.hold(
        team=actor.team,
        reference=ids.public("gen", generation_id),
        amount=ready.hold,
        expires_at=deadline + HOLD_SLACK,
        actor=actor.name,
        membership=actor.membership,
        api_key=actor.api_key,
        subject=ready.entry.slug,
    )
    outputs = ready.entry.outputs(ready.input)
    return Generation(
        id=generation_id,
        team=actor.team,
        membership=actor.membership,
        api_key=actor.api_key,
        model=ready.entry.slug,
        kind=ready.entry.kind,
        provider=ready.entry.provider,
        input=ready.input,
        input_hash=inputs.fingerprint(ready.entry.slug, ready.input),
        metadata=request.metadata,
        webhook_url=request.webhook_url,
        quote=ready.quote,
        price_version=ready.version,
        variant=ready.entry.variant(ready.input),
        discount_ppm=ready.discount_ppm,
        lines=ready.lines,
        price=ready.price,
        hold=hold,
        hold_amount=ready.hold,
        requested_outputs=outputs,
        expected_cost=ready.entry.expected_cost(ready.input, outputs, rates=ready.version.rates),
        created_at=moment,
        next_action_at=moment,
        deadline_at=deadline,
    )


def write(rows: Sequence[Generation], *, actor: Actor) -> None:
    """Writes reserved generations, the first line of their histories, and one ring of the queue for each provider."""
    Generation.objects.bulk_create(rows)
    uploads.take_into_use(rows)
    record_accepted(rows, actor=actor.name)
    for provider in sorted({row.provider for row in rows}):
        queue.enqueue("generations.tasks.dispatch", provider)


def name_what_fits(problem: PaymentRequired, ready: Ready) -> None:
    """Adds the dearest variant of the same request that would fit (design section 6, issue of budgets)."""
    book = offers.book_of(ready.version, ready.discount_ppm)
    fitting = pricing.dearest_fitting(ready.entry, ready.input, book, available=problem.room)
    problem.extra["fits"] = None if fitting is None else {"input": fitting.changes, "price": to_json(fitting.total)}
