"""Quotes: a price that binds for 10 minutes (design section 4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from accounts.models import Team
from generations import inputs, offers, pricing
from generations.catalog.base import Entry
from generations.lookups import Lookups
from generations.models import PriceVersion, Quote
from project import db
from project.money import to_json

BINDS_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class Offer:
    """A priced, validated request that is not stored. Amounts in micro-dollars; the team's discount is in them."""

    entry: Entry
    input: dict[str, Any]
    priced: pricing.Priced
    version: PriceVersion
    discount_ppm: int


def price(*, model: object, data: object, team: Team | None, lookups: Lookups | None = None) -> Offer:
    """Validates and prices at the current price, with the team's discount. Writes nothing. Raises Invalid, or
    Conflict when not available.

    `lookups` remembers what many requests have in common."""
    lookups = lookups or Lookups(team)
    entry = offers.entry_of(model)
    version = lookups.offered(entry.slug)
    clean = inputs.validate(entry=entry, data=data, team=team, rates=version.rates, image=lookups.image)
    discount = lookups.discount(entry.slug)
    return Offer(entry, clean, pricing.quote(entry, clean, offers.book_of(version, discount)), version, discount)


def store(*, team: Team, offer: Offer) -> Quote:
    """Keeps an offer as a binding quote."""
    moment = db.now()
    return Quote.objects.create(
        team=team,
        model=offer.entry.slug,
        input=offer.input,
        input_hash=inputs.fingerprint(offer.entry.slug, offer.input),
        lines=lines_json(offer.priced),
        price=offer.priced.total,
        hold=offer.priced.hold,
        price_version=offer.version,
        discount_ppm=offer.discount_ppm,
        created_at=moment,
        expires_at=moment + BINDS_FOR,
    )


def lines_json(priced: pricing.Priced) -> list[dict[str, Any]]:
    """The lines as they are stored and shown: amounts in both units."""
    return [
        {
            "label": line.label,
            "quantity": line.quantity,
            "unit": line.unit,
            "unit_price": to_json(line.unit_price),
            "per": line.per,
            "amount": to_json(line.amount),
        }
        for line in priced.lines
    ]
