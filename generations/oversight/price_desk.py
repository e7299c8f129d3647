"""Price versions as the staff see and make them. A version is never edited: a change is a new one, from a moment on.

Rates come from the catalogue and stay; what is set here are margins and fixed prices. Micro-dollars, shares in ppm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from accounts import audit
from accounts.models import Action
from generations import catalog, offers, pricing
from generations.catalog import Entry
from generations.models import Listing, PriceVersion
from generations.pricing import PriceBook, UnitPrice, percent
from project import db
from project.errors import Conflict, FieldError, Invalid, NotFound
from project.money import dollars
from project.times import stamp

MOST_MARGIN = 10_000_000  # ppm: eleven times the rate
MOST_FIXED = 10_000_000_000  # micro-dollars of one unit
MOST_REASON = 200
Standing = Literal["in force", "scheduled", "superseded", "past"]


@dataclass(frozen=True)
class Draft:
    """A price that is not published: margins and fixed prices by variant, as PriceVersion has them."""

    margin_ppm: int
    margins: Mapping[str, int] = field(default_factory=dict)
    fixed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Version:
    """One version in the history of a model. `ends` is when another takes over, None when none is to; `words` what it
    changed."""

    row: PriceVersion
    standing: Standing
    ends: datetime | None
    words: str


@dataclass(frozen=True)
class Model:
    """One model at the desk: its price in force by unit, and the versions that are still to come, the next first."""

    entry: Entry
    version: PriceVersion
    units: Sequence[UnitPrice]
    scheduled: Sequence[PriceVersion]

    @property
    def losing(self) -> int:
        return sum(unit.below_cost for unit in self.units)

    @property
    def words(self) -> str:
        return described(draft_of(self.version))


def models() -> list[Model]:
    """Every model with a price, in the order of the catalogue. Two queries."""
    prices = offers.current_prices()
    coming = scheduled()
    return [
        Model(entry, prices[slug], pricing.unit_prices(entry, offers.book_of(prices[slug])), coming.get(slug, []))
        for slug, entry in catalog.ENTRIES.items()
        if slug in prices
    ]


def model(slug: str) -> Model:
    """One model at the desk. Raises NotFound for no such model or one without a price."""
    found = next((each for each in models() if each.entry.slug == slug), None)
    if found is None:
        raise NotFound("There is no such model, or it has no price yet.")
    return found


def scheduled() -> Mapping[str, list[PriceVersion]]:
    """The versions that will come into force, by model, the next first; of several for one moment the last published
    (the others never will). One query."""
    rows = (
        PriceVersion.objects.filter(effective_from__gt=db.now())
        .order_by("slug", "effective_from", "-number")
        .distinct("slug", "effective_from")
    )
    found: dict[str, list[PriceVersion]] = {}
    for row in rows:
        found.setdefault(row.slug, []).append(row)
    return found


def history(slug: str) -> list[Version]:
    """All versions of a model, the newest number first, each with what it changed against the number before it."""
    moment = db.now()
    rows = list(PriceVersion.objects.filter(slug=slug).order_by("number"))
    winners = {row.effective_from: row for row in rows}  # by number: the last for a moment wins
    moments = sorted(winners)
    found = []
    for place, row in enumerate(rows):
        after = [each for each in moments if each > row.effective_from]
        ends = after[0] if after else None
        if winners[row.effective_from].pk != row.pk:
            standing: Standing = "superseded"
        elif row.effective_from > moment:
            standing = "scheduled"
        else:
            standing = "past" if ends is not None and ends <= moment else "in force"
        before = draft_of(rows[place - 1]) if place else None
        words = described(draft_of(row)) if before is None else changed(before, draft_of(row))
        found.append(Version(row, standing, ends, words))
    return found[::-1]


def last_number(slug: str) -> int:
    """The number of the last version that was published; 0 without any."""
    row = PriceVersion.objects.filter(slug=slug).order_by("-number").first()
    return row.number if row else 0


def draft_of(version: PriceVersion) -> Draft:
    """What a version sets."""
    return Draft(version.margin_ppm, version.margins, version.fixed)


def book(version: PriceVersion, draft: Draft) -> PriceBook:
    """The pricing functions' view of a draft at the rates of a version. Raises ValueError for what is no price."""
    return PriceBook(version.pk, version.rates, draft.margin_ppm, draft.margins, draft.fixed)


def below_cost(entry: Entry, price: PriceBook) -> list[UnitPrice]:
    """The units that a price would sell below their expected cost."""
    return [unit for unit in pricing.unit_prices(entry, price) if unit.below_cost]


def faults(entry: Entry, version: PriceVersion, draft: Draft) -> list[FieldError]:
    """What is wrong with a draft; paths are `margin`, `margins.<variant>`, `fixed.<variant>`."""
    known = set(entry.variants(version.rates))
    errors = []
    margins = {"margin": draft.margin_ppm} | {f"margins.{key}": ppm for key, ppm in draft.margins.items()}
    for path, margin in margins.items():
        if not 0 <= margin <= MOST_MARGIN:
            errors.append(FieldError(path, "A margin is between 0 and 1,000 percent.", "out_of_range"))
    for key, amount in draft.fixed.items():
        if entry.unit == "token":
            sentence = "What is priced by the token has no fixed price per unit: set a margin."
            errors.append(FieldError(f"fixed.{key}", sentence, "not_allowed"))
        elif not 0 < amount <= MOST_FIXED:
            sentence = "A fixed price is more than nothing (a free generation holds nothing) and at most $10,000."
            errors.append(FieldError(f"fixed.{key}", sentence, "out_of_range"))
        elif key in draft.margins:
            sentence = "Set a margin or a fixed price for a variant, not both."
            errors.append(FieldError(f"fixed.{key}", sentence, "conflict"))
    errors += [
        FieldError("", f"There is no variant {key}.", "not_allowed")
        for key in sorted({*draft.margins, *draft.fixed} - known)
    ]
    return errors


def publish(
    *,
    slug: str,
    draft: Draft,
    made_from: int,
    reason: str,
    by: audit.Staff,
    effective_from: datetime | None = None,
    sell_below_cost: bool = False,
) -> PriceVersion:
    """Publishes a price from a moment on (now without one), at the rates of the last version.

    `made_from` is the number of the last version when the form was shown: Conflict (`price_changed`) says what was
    published since. Raises Invalid; `below_cost` without `sell_below_cost` where a unit would cost more than it brings.
    Open quotes, holds and accepted generations keep their price."""
    if slug not in catalog.ENTRIES:
        raise NotFound("There is no such model.")
    entry = catalog.get(slug)

    def work() -> PriceVersion:
        Listing.objects.select_for_update(no_key=True).get(pk=slug)  # two at once: one after the other
        last = PriceVersion.objects.filter(slug=slug).order_by("-number").first()
        if last is None:
            raise NotFound("This model has no price yet: sync_catalog gives it its launch price.")
        if last.number != made_from:
            raise _changed_since(slug, made_from)
        moment = db.now()
        errors = _own_faults(entry, last, draft, reason, effective_from, moment, sell_below_cost=sell_below_cost)
        if errors:
            raise Invalid("The price was not published.", errors=errors)
        row = offers.publish(
            slug=slug,
            rates=last.rates,
            margin_ppm=draft.margin_ppm,
            margins=draft.margins,
            fixed=draft.fixed,
            by=by.user.email[:80],
            reason=reason.strip(),
            effective_from=effective_from or moment,
        )
        audit.record(
            Action.PRICE_PUBLISHED,
            by=by,
            team=None,
            target=f"price:{slug}",
            target_name=entry.name,
            data={
                "before": {"version": last.number, "price": described(draft_of(last))},
                "after": {"version": row.number, "price": described(draft)},
                "from": stamp(row.effective_from),
                "reason": row.reason,
                "below_cost": [unit.key for unit in below_cost(entry, offers.book_of(row))],
            },
        )
        return row

    return db.in_transaction(work)


def described(draft: Draft) -> str:
    """`margin 10 %; 6-768P at $0.25; 10-768P margin 5 %`."""
    parts = [f"margin {percent(draft.margin_ppm)}"]
    parts += [f"{key} at {dollars(amount)}" for key, amount in sorted(draft.fixed.items())]
    parts += [f"{key} margin {percent(ppm)}" for key, ppm in sorted(draft.margins.items())]
    return "; ".join(parts)


def changed(before: Draft, after: Draft) -> str:
    """What one draft sets otherwise than another: `margin 0 % to 10 %; 6-768P by the margin to $0.25`."""
    parts = []
    if before.margin_ppm != after.margin_ppm:
        parts.append(f"margin {percent(before.margin_ppm)} to {percent(after.margin_ppm)}")
    for key in sorted({*before.margins, *before.fixed, *after.margins, *after.fixed}):
        old, new = _of_variant(before, key), _of_variant(after, key)
        if old != new:
            parts.append(f"{key} {old} to {new}")
    return "; ".join(parts) or "no change of margins or fixed prices"


def _of_variant(draft: Draft, key: str) -> str:
    if key in draft.fixed:
        return dollars(draft.fixed[key])
    return f"margin {percent(draft.margins[key])}" if key in draft.margins else "by the margin for all"


def _changed_since(slug: str, made_from: int) -> Conflict:
    newer = [version for version in history(slug) if version.row.number > made_from]
    told = " ".join(f"Version {each.row.number} by {each.row.created_by}: {each.words}." for each in newer)
    extra: dict[str, Any] = {"versions": [each.row.number for each in newer]}
    return Conflict(
        f"The price was changed while this form was open. {told} Nothing was published: look at it anew.",
        code="price_changed",
        extra=extra,
    )


def _own_faults(
    entry: Entry,
    last: PriceVersion,
    draft: Draft,
    reason: str,
    effective_from: datetime | None,
    moment: datetime,
    *,
    sell_below_cost: bool,
) -> list[FieldError]:
    errors = faults(entry, last, draft)
    if not 5 <= len(reason.strip()) <= MOST_REASON:
        errors.append(FieldError("reason", f"Say why in 5 to {MOST_REASON} characters.", "missing"))
    if effective_from is not None and effective_from < moment:
        errors.append(FieldError("effective_from", "This moment is past: a price begins now or later.", "past"))
    if not errors and not sell_below_cost:
        losing = below_cost(entry, book(last, draft))
        if losing:
            told = ", ".join(f"{each.key} at {dollars(each.price)} costs {dollars(each.cost)}" for each in losing)
            errors.append(FieldError("sell_below_cost", f"Below cost: {told}. Tick this to sell so.", "below_cost"))
    return errors
