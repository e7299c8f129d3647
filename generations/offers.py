"""Listings and price versions: what is on offer now, and for how much (catalogue.md is the launch price)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models.functions import Now

from generations import catalog, pricing
from generations.catalog.base import Entry
from generations.models import Listing, PriceVersion
from project.errors import Conflict, FieldError, Invalid


def entry_of(slug: object) -> Entry:
    """The catalogue entry of a slug. Raises Invalid on the field `model`."""
    if isinstance(slug, str) and slug in catalog.ENTRIES:
        return catalog.get(slug)
    raise Invalid(
        "There is no such model.",
        errors=[FieldError("model", "must be the slug of a model; GET /api/v1/models lists them", "not_allowed")],
    )


def current_price(slug: str) -> PriceVersion:
    """The price version in force now. Raises Conflict when the model was never listed."""
    version = (
        PriceVersion.objects.filter(slug=slug, effective_from__lte=Now()).order_by("-effective_from", "-number").first()
    )
    if version is None:
        raise Conflict("This model has no price yet.", code="model_unavailable")
    return version


def current_prices() -> Mapping[str, PriceVersion]:
    """All prices in force now, by slug: one query."""
    rows = (
        PriceVersion.objects.filter(effective_from__lte=Now())
        .order_by("slug", "-effective_from", "-number")
        .distinct("slug")
    )
    return {row.slug: row for row in rows}


def book_of(version: PriceVersion) -> pricing.PriceBook:
    """The pure pricing functions' view of a price version."""
    return pricing.PriceBook(version_id=version.pk, rates=version.rates, margin_ppm=version.margin_ppm)


def require_available(slug: str) -> None:
    """Raises Conflict (409 model_unavailable) when staff switched the model off (faults.md row 35)."""
    listing = Listing.objects.filter(pk=slug).first()
    if listing is None or not listing.available:
        raise Conflict(
            (listing.note if listing and listing.note else "This model is not available right now."),
            code="model_unavailable",
        )


def sync() -> dict[str, int]:
    """Lists every entry of the catalogue and gives the ones without a price their launch price.

    Idempotent: listings that staff switched off stay off, prices that staff set stay. Rates that an entry gained in
    code (a new variant) make a new version with the old rates kept. Returns counts of what was written."""
    prices = current_prices()
    counts = {"listed": 0, "priced": 0, "unlisted": 0}
    for position, (slug, entry) in enumerate(catalog.ENTRIES.items()):
        _, made = Listing.objects.update_or_create(
            slug=slug,
            defaults={"position": position},
            create_defaults={"position": position, "available": True},
        )
        counts["listed"] += made
        current = prices.get(slug)
        rates = dict(entry.rates)
        if current is not None and set(rates) <= set(current.rates):
            continue
        if current is not None:
            rates |= current.rates
        publish(
            slug=slug,
            rates=rates,
            margin_ppm=current.margin_ppm if current else 0,
            by="sync_catalog",
            reason="launch price" if current is None else "new variant",
        )
        counts["priced"] += 1
    gone = Listing.objects.exclude(slug__in=catalog.ENTRIES).filter(available=True)
    counts["unlisted"] = gone.update(available=False, note="This model has been withdrawn.")
    return counts


def publish(
    *,
    slug: str,
    rates: Mapping[str, int],
    margin_ppm: int,
    by: str,
    reason: str,
    effective_from: datetime | None = None,
) -> PriceVersion:
    """Writes a new price version (micro-dollars by variant; margin in parts per million). Never edits one."""
    last = PriceVersion.objects.filter(slug=slug).order_by("-number").first()
    row = PriceVersion(
        slug=slug,
        number=last.number + 1 if last else 1,
        rates=dict(rates),
        margin_ppm=margin_ppm,
        created_by=by,
        reason=reason,
    )
    if effective_from is not None:
        row.effective_from = effective_from
    row.save(force_insert=True)
    return row
