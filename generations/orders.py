"""What somebody asks for, validated and priced: all that comes before the transaction that accepts it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from accounts import access
from accounts.actors import Actor
from accounts.models import Team
from generations import inputs, offers, quotes
from generations.catalog.base import Entry
from generations.lookups import Lookups
from generations.models import PriceVersion, Quote
from project import db, ids
from project.errors import Conflict, FieldError, Invalid
from project.money import dollars, to_json


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
    discount_ppm: int
    quote: Quote | None


def prepare(*, actor: Actor, request: Request, lookups: Lookups | None = None) -> Ready:
    """Validates and prices a request: by its quote while that binds, else at the current price. Writes nothing.

    Raises Invalid, Conflict, Forbidden."""
    access.require_model(actor, offers.entry_of(request.model).slug)
    if request.quote_id is not None:
        return _by_quote(actor.team, request)
    offer = quotes.price(model=request.model, data=request.input, team=actor.team, lookups=lookups)
    return within_max_price(of_offer(offer), request)


def of_offer(offer: quotes.Offer) -> Ready:
    """A priced request as it stands, bound by no quote."""
    return Ready(
        entry=offer.entry,
        input=offer.input,
        price=offer.priced.total,
        hold=offer.priced.hold,
        lines=quotes.lines_json(offer.priced),
        version=offer.version,
        discount_ppm=offer.discount_ppm,
        quote=None,
    )


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
        discount_ppm=quote.discount_ppm,
        quote=quote,
    )
    return within_max_price(ready, request)


def within_max_price(ready: Ready, request: Request) -> Ready:
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
