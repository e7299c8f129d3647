"""Batches: many requests accepted in one transaction, all of them or as many as fit (issue of the REST API, item 4).

Each item goes the way of a single generation (intake.reserve, intake.write). The outermost lock of each kind is taken
with the first hold, and the later ones find it theirs: the order of locks is that of one generation.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts import access, roles
from accounts.actors import Actor
from billing import holds, shortages
from generations import batch_quotes, idempotency, inputs, intake
from generations.batch_items import Item, Outcome, as_one, first, refusals
from generations.lookups import Lookups
from generations.models import Batch, BatchMode, Generation
from generations.orders import Ready
from project import db
from project.errors import FieldError, Invalid, PaymentRequired, Problem
from project.failpoints import failpoint

Render = Callable[[Batch, Mapping[str, Generation]], idempotency.Answer]
Taken = list[Generation | Problem]  # what became of each item, in order


@dataclass(frozen=True)
class Order:
    """A batch that somebody asks for. `stop_at` in micro-dollars: the most that may be held for it in sum;
    `idempotency` is (key, fingerprint)."""

    items: Sequence[Item]
    mode: BatchMode
    stop_at: int | None = None
    quote_id: str | None = None
    name: str = ""
    webhook_url: str = ""
    idempotency: tuple[str, str] | None = None


def accept(*, actor: Actor, order: Order, render: Render) -> tuple[Batch | None, idempotency.Answer]:
    """Accepts a batch. `render` makes the answer that is stored for the idempotency key, of the batch and its
    generations by public id.

    Returns the batch (None when a stored answer is replayed, or money is missing) and the answer. Raises what
    intake.accept raises, with the paths of the batch's body."""
    access.require(actor, roles.MAKE)
    answer = intake.replay(actor.team, order.idempotency)
    if answer is not None:
        return None, answer
    outcomes = _prepare(actor, order)
    refused = refusals(outcomes)
    if refused and order.mode == BatchMode.ALL:
        raise first(refused)
    if len(refused) == len(outcomes):
        raise as_one(refused)

    def work(actor: Actor) -> tuple[Batch, idempotency.Answer]:
        batch, rows = _accept(actor, order, outcomes)
        return batch, render(batch, {row.public_id: row for row in rows})

    return intake.once(actor=actor, key=order.idempotency, work=work)


def _prepare(actor: Actor, order: Order) -> list[Outcome]:
    """Each item validated, priced and looked at, or why it is refused. All that needs the network."""
    lookups = Lookups(actor.team)
    inputs.check_webhook(order.webhook_url, resolve=lookups.resolve)
    if order.quote_id is None:
        outcomes = batch_quotes.price(actor=actor, items=order.items, lookups=lookups)
    else:
        outcomes = batch_quotes.bound(actor=actor, quote_id=order.quote_id, items=order.items, lookups=lookups)
    ready = [outcome for outcome in outcomes if isinstance(outcome, Ready)]
    lookups.look(url for each in ready for _, url in inputs.foreign_images(each.entry, each.input))
    return [_looked_at(item, outcome, lookups) for item, outcome in zip(order.items, outcomes, strict=True)]


def _looked_at(item: Item, outcome: Outcome, lookups: Lookups) -> Outcome:
    if isinstance(outcome, Problem):
        return outcome
    found = [(path, lookups.flaw(url)) for path, url in inputs.foreign_images(outcome.entry, outcome.input)]
    flaws = [FieldError(f"input.{path}", flaw, "image_refused") for path, flaw in found if flaw]
    if flaws:
        return item.placed(Invalid("An image cannot be used.", errors=flaws))
    try:
        inputs.check_webhook(item.request.webhook_url, resolve=lookups.resolve)
    except Invalid as problem:
        return item.placed(problem)
    return outcome


def _accept(actor: Actor, order: Order, outcomes: Sequence[Outcome]) -> tuple[Batch, list[Generation]]:
    """The rows of a batch. The savepoint around takes them all back when nothing of it can be paid."""
    for slug in {outcome.entry.slug for outcome in outcomes if isinstance(outcome, Ready)}:
        access.require_model(actor, slug)
    take = _take_all if order.mode == BatchMode.ALL else _take_what_fits
    taken = take(actor, order, outcomes)
    rows = [each for each in taken if isinstance(each, Generation)]
    if not rows:
        raise as_one(refusals(taken))
    failpoint("batch_held")
    batch = Batch.objects.create(
        id=rows[0].batch_id,
        team=actor.team,
        membership=actor.membership,
        api_key=actor.api_key,
        name=order.name,
        mode=order.mode,
        stop_at=order.stop_at,
        price=sum(row.price for row in rows),
        held=sum(row.hold_amount for row in rows),
        count=len(taken),
        accepted=len(rows),
        items=[_as_json(each) for each in taken],
        created_at=rows[0].created_at,
    )
    intake.write(rows, actor=actor)
    return batch, rows


def _take_all(actor: Actor, order: Order, outcomes: Sequence[Outcome]) -> Taken:
    """Every item, or PaymentRequired for the sum of them."""
    batch_id, moment = uuid.uuid4(), db.now()
    wanted = [outcome for outcome in outcomes if isinstance(outcome, Ready)]
    total = sum(ready.hold for ready in wanted)
    if order.stop_at is not None and total > order.stop_at:
        raise _stopped(order.stop_at, 0, total)
    holds.require_room(team=actor.team, membership=actor.membership, api_key=actor.api_key, amount=total)
    return [_reserve(actor, item, ready, batch_id, moment) for item, ready in zip(order.items, wanted, strict=True)]


def _take_what_fits(actor: Actor, order: Order, outcomes: Sequence[Outcome]) -> Taken:
    """In order, each item that money allows: what is refused leaves room for a smaller one after it."""
    batch_id, moment = uuid.uuid4(), db.now()
    taken: Taken = []
    held = 0
    for item, outcome in zip(order.items, outcomes, strict=True):
        if isinstance(outcome, Problem):
            taken.append(outcome)
            continue
        try:
            if order.stop_at is not None and held + outcome.hold > order.stop_at:
                raise _stopped(order.stop_at, held, outcome.hold)
            with transaction.atomic():  # what a refused hold counted in a budget is taken back
                row = _reserve(actor, item, outcome, batch_id, moment)
        except PaymentRequired as problem:
            intake.name_what_fits(problem, outcome)
            taken.append(problem)
        else:
            held += row.hold_amount
            taken.append(row)
    return taken


def _reserve(actor: Actor, item: Item, ready: Ready, batch_id: UUID, moment: datetime) -> Generation:
    # A microsecond apart, so that the queue takes them in the order of the batch.
    at = moment + timedelta(microseconds=item.index)
    row = intake.reserve(actor=actor, request=item.request, ready=ready, moment=at)
    row.batch_id, row.batch_index = batch_id, item.index
    return row


def _stopped(stop_at: int, held: int, needed: int) -> PaymentRequired:
    """The refusal by the caller's own limit, told as any other."""
    return shortages.refusal([shortages.of_request(stop_at=stop_at, held=held)], needed=needed)


def _as_json(outcome: Generation | Problem) -> dict[str, object]:
    if isinstance(outcome, Problem):
        return {"error": outcome.as_json()}
    return {"generation": outcome.public_id}
