"""Listings and price versions: what is on offer now, and for how much (catalogue.md is the launch price)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db.models.functions import Now

from generations import catalog, listings, pricing
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


def book_of(version: PriceVersion, discount_ppm: int = 0) -> pricing.PriceBook:
    """The pure pricing functions' view of a price version, as a team with a discount pays it."""
    return pricing.PriceBook(
        version_id=version.pk,
        rates=version.rates,
        margin_ppm=version.margin_ppm,
        margins=version.margins,
        fixed=version.fixed,
        discount_ppm=discount_ppm,
    )


def require_available(slug: str) -> None:
    """Raises Conflict (409 model_unavailable) when staff switched the model off (faults.md row 35), or paused it or its
    provider: then it is worth trying again, and says so."""
    found = listings.standing(slug)
    if found.available:
        return
    problem = Conflict(found.note or "This model is not available right now.", code="model_unavailable")
    if found.paused:
        problem.detail = f"Paused for the moment: {found.note}"
        problem.retryable = True
    raise problem


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
            margins=current.margins if current else {},
            fixed=current.fixed if current else {},
            by="sync_catalog",
            reason="launch price" if current is None else "new variant",
        )
        counts["priced"] += 1
    counts["priced"] += _complete_scheduled()
    gone = Listing.objects.exclude(slug__in=catalog.ENTRIES).filter(available=True)
    counts["unlisted"] = gone.update(available=False, note="This model has been withdrawn.")
    return counts


def _complete_scheduled() -> int:
    """A version that is still to come and lacks rates that its entry gained since is superseded by one with them, from
    the same moment: else the new variants would have no price from then on. Returns how many were written."""
    rows = (
        PriceVersion.objects.filter(slug__in=catalog.ENTRIES, effective_from__gt=Now())
        .order_by("slug", "effective_from", "-number")
        .distinct("slug", "effective_from")
    )
    count = 0
    for row in rows:
        rates = dict(catalog.get(row.slug).rates)
        if set(rates) <= set(row.rates):
            continue
        publish(
            slug=row.slug,
            rates=rates | row.rates,
            margin_ppm=row.margin_ppm,
            margins=row.margins,
            fixed=row.fixed,
            by="sync_catalog",
            reason="new variant",
            effective_from=row.effective_from,
        )
        count += 1
    return count


def publish(
    *,
    slug: str,
    rates: Mapping[str, int],
    margin_ppm: int,
    by: str,
    reason: str,
    margins: Mapping[str, int] | None = None,
    fixed: Mapping[str, int] | None = None,
    effective_from: datetime | None = None,
) -> PriceVersion:
    """Writes a new price version (micro-dollars by variant; margins in parts per million; `fixed` prices per unit have
    none on them). Never edits one. Raises ValueError for a fixed price of what is priced by the token."""
    entry = catalog.ENTRIES.get(slug)
    if fixed and entry is not None and entry.unit == "token":
        raise ValueError("what is priced by the token has no fixed price per unit")
    last = PriceVersion.objects.filter(slug=slug).order_by("-number").first()
    row = PriceVersion(
        slug=slug,
        number=last.number + 1 if last else 1,
        rates=dict(rates),
        margin_ppm=margin_ppm,
        margins=dict(margins or {}),
        fixed=dict(fixed or {}),
        created_by=by,
        reason=reason,
    )
    if effective_from is not None:
        row.effective_from = effective_from
    row.save(force_insert=True)
    return row
