"""Price versions as the staff see and make them. A version is never edited: a change is a new one, from a moment on.

Rates come from the catalogue and stay; what is set here are margins and fixed prices. Micro-dollars, shares in ppm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from accounts import audit
from accounts.duties import reason_of
from accounts.models import Action
from generations import catalog, offers, pricing
from generations.catalog import Entry
from generations.models import Listing, PriceVersion
from generations.oversight import below_cost
from generations.oversight.below_cost import Discounted
from generations.oversight.what_if import WhatIf, raised, what_if
from generations.pricing import PriceBook, UnitPrice, percent
from project import db
from project.errors import Conflict, FieldError, Invalid, NotFound
from project.money import dollars
from project.times import stamp

MOST_MARGIN = 10_000_000  # ppm: eleven times the rate
PREVIEWED = timedelta(days=30)
MOST_FIXED = 10_000_000_000  # micro-dollars of one unit
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


def draft_of(version: PriceVersion) -> Draft:
    """What a version sets."""
    return Draft(version.margin_ppm, version.margins, version.fixed)


def dearer(version: PriceVersion, change_ppm: int) -> Draft:
    """What a version sets, so many parts per million dearer (what_if.raised)."""
    price = raised(catalog.get(version.slug), offers.book_of(version), change_ppm)
    return Draft(price.margin_ppm, price.margins, price.fixed)


def book(version: PriceVersion, draft: Draft) -> PriceBook:
    """The pricing functions' view of a draft at the rates of a version. Raises ValueError for what is no price."""
    return PriceBook(version.pk, version.rates, draft.margin_ppm, draft.margins, draft.fixed)


@dataclass(frozen=True)
class Preview:
    """What a draft would be: its units, what it changes, which of it would be below cost (for everybody, and only for
    teams with a discount), and what the last days would have brought with it."""

    units: Sequence[UnitPrice]
    words: str
    losing: Sequence[UnitPrice]
    discounted: Sequence[Discounted]
    found: WhatIf


def preview(slug: str, draft: Draft, *, effective_from: datetime | None = None) -> Preview:
    """A draft tried on the last PREVIEWED days, at the rates of the last version. Raises Invalid for what is no price.
    Nothing is written."""
    entry = catalog.get(slug)
    last = PriceVersion.objects.filter(slug=slug).latest("number")
    errors = faults(entry, last, draft)
    if errors:
        raise Invalid("This is no price.", errors=errors)
    tried, until = book(last, draft), db.now()
    return Preview(
        units=pricing.unit_prices(entry, tried),
        words=changed(draft_of(last), draft),
        losing=below_cost.units(entry, tried),
        discounted=_for_teams(entry, tried, effective_from or until),
        found=what_if({slug: tried}, since=until - PREVIEWED, until=until),
    )


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
    published since. Raises Invalid; `below_cost` without `sell_below_cost` where a unit would cost more than it brings,
    from all or from a team with a discount that holds while this price does.
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
            by=audit.actor_of(by),
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
                "below_cost": [unit.key for unit in below_cost.units(entry, offers.book_of(row))],
                "below_cost_for_teams": [each.words for each in _for_teams(entry, offers.book_of(row), moment)],
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
    told = " ".join(f"Version {each.row.number}: {each.words}." for each in newer)
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
    try:
        reason_of(reason)
    except Invalid as problem:
        errors += problem.errors
    if effective_from is not None and effective_from < moment:
        errors.append(FieldError("effective_from", "This moment is past: a price begins now or later.", "past"))
    if not errors and not sell_below_cost:
        tried = book(last, draft)
        told = [
            f"{each.key} at {dollars(each.price)} costs {dollars(each.cost)}" for each in below_cost.units(entry, tried)
        ]
        told += [each.words for each in _for_teams(entry, tried, effective_from or moment)]
        if told:
            sentence = f"Below cost: {', '.join(told)}. Tick this to sell so."
            errors.append(FieldError("sell_below_cost", sentence, "below_cost"))
    return errors


def _for_teams(entry: Entry, price: PriceBook, start: datetime) -> list[Discounted]:
    """What a price in force from a moment on sells below cost to teams with a discount, until the next one takes
    over."""
    later = PriceVersion.objects.filter(slug=entry.slug, effective_from__gt=start).order_by("effective_from").first()
    held = below_cost.held_on([entry.slug], start=start, until=later.effective_from if later else None)
    return below_cost.discounted(entry, price, held[entry.slug])
