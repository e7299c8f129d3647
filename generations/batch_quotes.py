"""Quotes of batches: the prices of many requests in one, binding for 10 minutes (issue of the REST API, item 4).

A stored item is `{"model", "input", "hash", "lines", "price", "hold", "version", "discount"}`, amounts in
micro-dollars and the team's discount in parts per million, or `{"hash", "error"}` for one without a price;
`hash` is of model and input, with defaults filled in where it has a price.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from accounts import access, roles
from accounts.actors import Actor
from generations import inputs, offers, orders, quotes
from generations.batch_items import REFUSALS, Item, Outcome, as_one, refusals
from generations.lookups import Lookups
from generations.models import BatchQuote, PriceVersion
from generations.orders import Ready
from project import db, ids
from project.errors import Conflict, FieldError, Invalid, Problem
from project.money import dollars, to_json


def price(*, actor: Actor, items: Sequence[Item], lookups: Lookups) -> list[Outcome]:
    """Each item at the current price, or why it has none. Writes nothing."""
    return [_price(actor, item, lookups) for item in items]


def _price(actor: Actor, item: Item, lookups: Lookups) -> Outcome:
    try:
        return orders.prepare(actor=actor, request=item.request, lookups=lookups)
    except REFUSALS as problem:
        return item.placed(problem)


def store(*, actor: Actor, items: Sequence[Item], lookups: Lookups | None = None) -> BatchQuote:
    """Keeps what the items cost now as a binding quote. Raises the problem of a batch of which nothing has a price."""
    access.require(actor, roles.MAKE)
    outcomes = price(actor=actor, items=items, lookups=lookups or Lookups(actor.team))
    priced = [outcome for outcome in outcomes if isinstance(outcome, Ready)]
    if not priced:
        raise as_one(refusals(outcomes))
    moment = db.now()
    return BatchQuote.objects.create(
        team=actor.team,
        items=[_as_json(item, outcome) for item, outcome in zip(items, outcomes, strict=True)],
        count=len(items),
        price=sum(ready.price for ready in priced),
        hold=sum(ready.hold for ready in priced),
        created_at=moment,
        expires_at=moment + quotes.BINDS_FOR,
    )


def _as_json(item: Item, outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Problem):
        return {"hash": _print(item), "error": outcome.as_json()}
    return {
        "model": outcome.entry.slug,
        "input": outcome.input,
        "hash": inputs.fingerprint(outcome.entry.slug, outcome.input),
        "lines": outcome.lines,
        "price": outcome.price,
        "hold": outcome.hold,
        "version": outcome.version.pk,
        "discount": outcome.discount_ppm,
    }


def _print(item: Item) -> str:
    """What an item without a price is known by: model and input as they were sent."""
    return inputs.fingerprint(str(item.request.model), {"sent": [item.request.model, item.request.input]})


def bound(*, actor: Actor, quote_id: str, items: Sequence[Item], lookups: Lookups) -> list[Outcome]:
    """Each item at the price of a quote, or why it has none. Raises Invalid when there is no such quote of the team or
    it is for other items, Conflict `quote_expired` with a fresh one."""
    wanted = ids.parse("bqt", quote_id)
    quote = BatchQuote.objects.filter(team=actor.team, pk=wanted).first() if wanted else None
    if quote is None:
        raise Invalid("There is no such quote.", errors=[FieldError("quote", "there is no such quote", "not_found")])
    if quote.count != len(items):
        raise _mismatch()
    versions = PriceVersion.objects.in_bulk({row["version"] for row in quote.items if "version" in row})
    outcomes = [_bound(actor, item, row, versions, lookups) for item, row in zip(items, quote.items, strict=True)]
    if quote.expires_at <= db.now():
        fresh = store(actor=actor, items=items, lookups=lookups)
        raise Conflict(
            f"The quote has expired; a new one costs {dollars(fresh.price)}.",
            code="quote_expired",
            extra={"quote": {"id": fresh.public_id, "price": to_json(fresh.price)}},
        )
    return outcomes


def _bound(
    actor: Actor, item: Item, row: dict[str, Any], versions: dict[int, PriceVersion], lookups: Lookups
) -> Outcome:
    request = item.request
    if "error" in row:
        if row["hash"] != _print(item):
            raise _mismatch()
        unpriced = FieldError("", "had no price when the quote was made", "not_quoted")
        return item.placed(Invalid("The quote has no price for this request.", errors=[unpriced]))
    version = versions[row["version"]]
    try:
        entry = offers.entry_of(request.model)
        access.require_model(actor, entry.slug)
        lookups.offered(entry.slug)
        clean = inputs.validate(
            entry=entry, data=request.input, team=actor.team, rates=version.rates, image=lookups.image
        )
        if (entry.slug, inputs.fingerprint(entry.slug, clean)) != (row["model"], row["hash"]):
            raise _mismatch()
        ready = Ready(
            entry=entry,
            input=clean,
            price=row["price"],
            hold=row["hold"],
            lines=row["lines"],
            version=version,
            discount_ppm=row.get("discount", 0),  # quotes of before had none
            quote=None,
        )
        return orders.within_max_price(ready, request)
    except _Mismatch:
        raise
    except REFUSALS as problem:
        return item.placed(problem)


class _Mismatch(Invalid):
    pass


def _mismatch() -> Invalid:
    return _Mismatch(
        "The quote was made for other requests, or for these in another order.",
        errors=[FieldError("quote", "was made for other requests or another order", "mismatch")],
    )
