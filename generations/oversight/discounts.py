"""The staff's verb for what a team pays less. Never edited: a change is a new row, from a moment on."""

from __future__ import annotations

from datetime import datetime

from accounts import audit
from accounts.models import Action, Team
from generations import catalog, offers, pricing
from generations.discounts import ALL
from generations.models import TeamDiscount
from generations.pricing import MOST_DISCOUNT, percent
from project import db
from project.errors import Conflict, FieldError, Invalid
from project.times import stamp

MOST_REASON = 200


def set_discount(
    *,
    team: Team,
    model: str,
    ppm: int,
    reason: str,
    by: audit.Staff,
    effective_from: datetime | None = None,
    made_from: int | None = None,
) -> TeamDiscount:
    """From a moment on (now without one) the team pays `ppm` parts per million less for a model, or for all (`model`
    discounts.ALL) that have none of their own. 0 ends it: then the one on all models holds, if there is one.

    `made_from` is how many discounts of this model the team had when the form was shown: Conflict (`discount_changed`)
    when there are more by now. Quotes and generations keep what they were accepted with. Raises Invalid."""
    moment = db.now()
    errors = _faults(model, ppm, reason, effective_from, moment)
    if errors:
        raise Invalid("The discount was not set.", errors=errors)

    def work() -> TeamDiscount:
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        before = TeamDiscount.objects.filter(team=team, model=model).order_by("-number").first()
        number = before.number if before else 0
        if made_from is not None and made_from != number:
            raise Conflict(
                "Somebody set this discount meanwhile. Look at it as it is now, then set it again.",
                code="discount_changed",
            )
        row = TeamDiscount.objects.create(
            team=team,
            model=model,
            number=number + 1,
            ppm=ppm,
            effective_from=effective_from or moment,
            created_at=moment,
            created_by=by.user.email[:80],
            reason=reason.strip(),
        )
        audit.record(
            Action.DISCOUNT_SET,
            by=by,
            team=team,
            target=f"discount:{row.pk}",
            target_name=model or "all models",
            data={
                "model": model or "all",
                "before": percent(before.ppm) if before else "none",
                "after": percent(ppm) if ppm else "none",
                "from": stamp(row.effective_from),
                "reason": row.reason,
            },
        )
        return row

    return db.in_transaction(work)


def history(team: Team) -> list[TeamDiscount]:
    """Every discount a team ever had, the newest first. One query."""
    return list(TeamDiscount.objects.filter(team=team).order_by("-pk"))


def numbers(team: Team) -> dict[str, int]:
    """How many discounts of each model the team has had: what a form is made from. One query."""
    rows = TeamDiscount.objects.filter(team=team).order_by("model", "-number").distinct("model")
    return {row.model: row.number for row in rows}


def below_cost(model: str, ppm: int) -> list[str]:
    """The variants that a discount would sell below their expected cost at the prices in force, by name. One query."""
    found = []
    for slug, version in offers.current_prices().items():
        entry = catalog.ENTRIES.get(slug)
        if entry is None or model not in (ALL, slug):
            continue
        book = offers.book_of(version, ppm)
        found += [f"{entry.name} {unit.key}" for unit in pricing.unit_prices(entry, book) if unit.below_cost]
    return found


def _faults(model: str, ppm: int, reason: str, effective_from: datetime | None, moment: datetime) -> list[FieldError]:
    errors = []
    if model != ALL and model not in catalog.ENTRIES:
        errors.append(FieldError("model", "Choose a model, or all models.", "not_allowed"))
    if not 0 <= ppm <= MOST_DISCOUNT:
        errors.append(FieldError("percent", "A discount is between 0 and 90 percent.", "out_of_range"))
    if not 5 <= len(reason.strip()) <= MOST_REASON:
        errors.append(FieldError("reason", f"Say why in 5 to {MOST_REASON} characters.", "missing"))
    if effective_from is not None and effective_from < moment:
        errors.append(FieldError("effective_from", "This moment is past: a discount begins now or later.", "past"))
    return errors
