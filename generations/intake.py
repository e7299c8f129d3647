"""Accept: from a request to a queued generation with its hold, in one transaction (design section 4.2).

Idempotency row, generation, hold, budgets, history, job row and outgoing event are written together or not at all;
of a refusal for money only the idempotency outcome is kept.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction

from accounts import access, roles, teams
from accounts.actors import Actor
from accounts.models import Team
from billing import holds, reconcile
from generations import idempotency, inputs, offers, pricing, quotes
from generations.catalog.base import Entry
from generations.models import Generation, IdempotencyRecord, PriceVersion, Quote
from generations.states import record
from project import db, ids, queue
from project.errors import Busy, Conflict, FieldError, Invalid, PaymentRequired
from project.money import dollars, to_json

HOLD_SLACK = timedelta(minutes=20)  # a result on its last minute may still be fetched for 15


@dataclass(frozen=True)
class Request:
    """What somebody asks for. `max_price` in micro-dollars; `idempotency` is (key, fingerprint)."""

    model: object
    input: object
    quote_id: str | None = None
    max_price: int | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    webhook_url: str = ""
    idempotency: tuple[str, str] | None = None


@dataclass(frozen=True)
class Ready:
    """A request that is validated and priced, before any row is written."""

    entry: Entry
    input: dict[str, Any]
    price: int
    hold: int
    lines: list[dict[str, Any]]
    version: PriceVersion
    quote: Quote | None


Render = Callable[[Generation], idempotency.Answer]


def accept(*, actor: Actor, request: Request, render: Render) -> tuple[Generation | None, idempotency.Answer]:
    """Accepts one generation. `render` makes the answer that is stored for the idempotency key.

    Returns the generation (None when a stored answer is replayed, or money is missing) and the answer. Raises
    Invalid, Conflict, PaymentRequired, Forbidden."""
    access.require(actor, roles.MAKE)
    replay = _replay(actor.team, request)
    if replay is not None:
        return None, replay
    ready = prepare(actor=actor, request=request)
    inputs.check_webhook(request.webhook_url)
    inputs.look_at_images(entry=ready.entry, data=ready.input)
    return db.in_transaction(lambda: _accept(actor, request, ready, render))


def prepare(*, actor: Actor, request: Request) -> Ready:
    """Validates and prices a request: by its quote while that binds, else at the current price. Writes nothing."""
    access.require_model(actor, offers.entry_of(request.model).slug)
    if request.quote_id is not None:
        return _by_quote(actor.team, request)
    offer = quotes.price(model=request.model, data=request.input, team=actor.team)
    ready = Ready(
        entry=offer.entry,
        input=offer.input,
        price=offer.priced.total,
        hold=offer.priced.hold,
        lines=quotes.lines_json(offer.priced),
        version=offer.version,
        quote=None,
    )
    return _within_max_price(ready, request)


def _by_quote(team: Team, request: Request) -> Ready:
    wanted = ids.parse("qt", request.quote_id)
    quote = Quote.objects.select_related("price_version").filter(team=team, pk=wanted).first() if wanted else None
    if quote is None:
        raise Invalid("There is no such quote.", errors=[FieldError("quote", "there is no such quote", "not_found")])
    entry = offers.entry_of(request.model)
    offers.require_available(entry.slug)
    clean = inputs.validate(entry=entry, data=request.input, team=team, rates=quote.price_version.rates)
    if (quote.model, quote.input_hash) != (entry.slug, inputs.fingerprint(entry.slug, clean)):
        raise Invalid(
            "The quote was made for another request.",
            errors=[FieldError("quote", "was made for another model or input", "mismatch")],
        )
    if quote.expires_at <= db.now():
        fresh = quotes.store(team=team, offer=quotes.price(model=request.model, data=request.input, team=team))
        raise Conflict(
            f"The quote has expired; a new one costs {dollars(fresh.price)}.",
            code="quote_expired",
            extra={"quote": {"id": fresh.public_id, "price": to_json(fresh.price)}},
        )
    ready = Ready(
        entry=entry,
        input=clean,
        price=quote.price,
        hold=quote.hold,
        lines=quote.lines,
        version=quote.price_version,
        quote=quote,
    )
    return _within_max_price(ready, request)


def _within_max_price(ready: Ready, request: Request) -> Ready:
    """max_price refuses anything that could cost more: what is compared is the most that may be charged."""
    if request.max_price is not None and ready.hold > request.max_price:
        raise Conflict(
            f"This costs up to {dollars(ready.hold)}, more than the max_price of {dollars(request.max_price)}.",
            code="max_price_exceeded",
            extra={
                "price": to_json(ready.price),
                "hold": to_json(ready.hold),
                "max_price": to_json(request.max_price),
            },
        )
    return ready


def _replay(team: Team, request: Request) -> idempotency.Answer | None:
    """The stored answer of a key that was used before, looked up before anything is validated anew."""
    if request.idempotency is None:
        return None
    key, print_of_request = request.idempotency
    return idempotency.first_answer(team=team, key=key, print_of_request=print_of_request)


def _accept(
    actor: Actor, request: Request, ready: Ready, render: Render
) -> tuple[Generation | None, idempotency.Answer]:
    actor = access.require_model(access.still(actor, roles.MAKE), ready.entry.slug)
    team = actor.team
    teams.require_active(team)
    reconcile.require_sound()
    slot: IdempotencyRecord | None = None
    if request.idempotency is not None:
        key, print_of_request = request.idempotency
        begun = idempotency.begin(team=team, key=key, print_of_request=print_of_request)
        if isinstance(begun, idempotency.Answer):
            return None, begun
        slot = begun
    try:
        with transaction.atomic():
            generation = _write(actor, team, request, ready)
    except IntegrityError as error:
        if db.broken_rule(error) != "hold_of_active_team":
            raise
        teams.require_active(Team.objects.get(pk=team.pk))  # it was suspended or began to close a moment ago
        raise Busy("The team was suspended for a moment. Nothing was written; try again.") from error
    except PaymentRequired as problem:
        _name_what_fits(problem, ready)
        if slot is None:
            raise
        answer = idempotency.Answer(problem.status, problem.as_json(), problem.headers)
        return None, idempotency.finish(slot, answer)
    answer = render(generation)
    if slot is not None:
        answer = idempotency.finish(slot, answer)
    return generation, answer


def _write(actor: Actor, team: Team, request: Request, ready: Ready) -> Generation:
    """The rows of an accepted generation. The savepoint around takes them all back when money is missing."""
    generation_id = uuid.uuid4()
    moment = db.now()
    deadline = moment + timedelta(seconds=ready.entry.deadline_seconds)
    hold = holds.hold(
        team=team,
        reference=ids.public("gen", generation_id),
        amount=ready.hold,
        expires_at=deadline + HOLD_SLACK,
        actor=actor.name,
        membership=actor.membership,
        api_key=actor.api_key,
        subject=ready.entry.slug,
    )
    outputs = ready.entry.outputs(ready.input)
    generation = Generation.objects.create(
        id=generation_id,
        team=team,
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
    record(generation, "accepted", actor=actor.name, data={"held": ready.hold})
    queue.enqueue("generations.tasks.dispatch", generation.provider)
    return generation


def _name_what_fits(problem: PaymentRequired, ready: Ready) -> None:
    """Adds the dearest variant of the same request that would fit (design section 6, issue of budgets)."""
    fitting = pricing.dearest_fitting(ready.entry, ready.input, offers.book_of(ready.version), available=problem.room)
    problem.extra["fits"] = None if fitting is None else {"input": fitting.changes, "price": to_json(fitting.total)}
