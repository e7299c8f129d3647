"""The staff's verb for what a team pays less. Never edited: a change is a new row, from a moment on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import F, OuterRef, Q, Subquery
from django.db.models.functions import Now

from accounts import audit
from accounts.duties import reason_of
from accounts.models import Action, Team
from generations import catalog, offers
from generations.discounts import ALL
from generations.models import Listing, PriceVersion, TeamDiscount
from generations.oversight import below_cost
from generations.pricing import MOST_DISCOUNT, percent
from project import db
from project.errors import Conflict, FieldError, Invalid
from project.times import stamp

MOST_LISTED = 500


def set_discount(
    *,
    team: Team,
    model: str,
    ppm: int,
    reason: str,
    by: audit.Staff,
    effective_from: datetime | None = None,
    made_from: int | None = None,
    sell_below_cost: bool = False,
) -> TeamDiscount:
    """From a moment on (now without one) the team pays `ppm` parts per million less for a model, or for all (`model`
    discounts.ALL) that have none of their own. 0 ends it: then the one on all models holds, if there is one.

    `made_from` is how many discounts of this model the team had when the form was shown: Conflict (`discount_changed`)
    when there are more by now. Quotes and generations keep what they were accepted with. Raises Invalid; `below_cost`
    without `sell_below_cost` where a unit would cost more than the team pays, at the price that will be in force then
    or at one that takes over later."""

    def work() -> TeamDiscount:
        Team.objects.select_for_update(no_key=True).get(pk=team.pk)
        prices = Listing.objects.select_for_update(no_key=True).filter(slug__in=_slugs(model)).order_by("slug")
        list(prices)  # as `publish` does: a price and a discount at once see each other
        moment = db.now()
        start = effective_from or moment
        errors = _faults(model, ppm, reason, effective_from, moment)
        if not errors and ppm and not sell_below_cost and (losing := sold_below_cost(team, model, ppm, start)):
            sentence = f"Below cost: {', '.join(losing)}. Tick this to sell so."
            errors = [FieldError("sell_below_cost", sentence, "below_cost")]
        if errors:
            raise Invalid("The discount was not set.", errors=errors)
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
            effective_from=start,
            created_at=moment,
            created_by=audit.actor_of(by),
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


@dataclass(frozen=True)
class Set:
    """One discount as it was set, and whether it holds: "in force", "scheduled", "ended" or "past"."""

    row: TeamDiscount
    standing: str

    @property
    def model(self) -> str:
        """What it is on, for people."""
        entry = catalog.ENTRIES.get(self.row.model)
        return entry.name if entry else self.row.model or "All models"


def words(row: TeamDiscount) -> str:
    """`10 % off Veo 3.1 Fast from 2026-12-01 09:00 UTC`."""
    what = Set(row, "").model
    since = f"{row.effective_from.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{percent(row.ppm)} off {what} from {since}" if row.ppm else f"no discount on {what} from {since}"


def history(team: Team) -> list[Set]:
    """Every discount a team ever had, the newest first. One query, and the clock."""
    return _standing(list(TeamDiscount.objects.filter(team=team).order_by("-pk")))


def standing() -> tuple[list[Set], bool]:
    """The discounts in force and scheduled of all teams, the newest first, at most MOST_LISTED; and whether there are
    more. One query, and the clock."""
    now = Now()
    newest = TeamDiscount.objects.filter(
        team=OuterRef("team"), model=OuterRef("model"), effective_from__lte=now
    ).order_by("-effective_from", "-number")
    rows = (
        TeamDiscount.objects.select_related("team")
        .annotate(newest=Subquery(newest.values("pk")[:1]))
        .filter(Q(effective_from__gt=now) | Q(pk=F("newest"), ppm__gt=0))
        .order_by("-pk")
    )
    found = list(rows[: MOST_LISTED + 1])
    return _standing(found[:MOST_LISTED]), len(found) > MOST_LISTED


def all_of_them() -> Iterator[list[TeamDiscount]]:
    """Every discount there is or was, with its team, in batches."""
    last = 0
    rows = TeamDiscount.objects.select_related("team").order_by("pk")
    while batch := list(rows.filter(pk__gt=last)[:MOST_LISTED]):
        yield batch
        last = batch[-1].pk


def _standing(rows: Sequence[TeamDiscount]) -> list[Set]:
    """Which of these hold. Rows of a team and model must be all of them, or those in force and to come."""
    moment = db.now()
    best: dict[tuple[int, str], TeamDiscount] = {}
    for row in rows:
        key, held = (row.team_id, row.model), best.get((row.team_id, row.model))
        if row.effective_from <= moment and (held is None or _order(row) > _order(held)):
            best[key] = row
    found = []
    for row in rows:
        if row.effective_from > moment:
            found.append(Set(row, "scheduled"))
        elif best[row.team_id, row.model].pk == row.pk:
            found.append(Set(row, "in force" if row.ppm else "ended"))
        else:
            found.append(Set(row, "past"))
    return found


def _order(row: TeamDiscount) -> tuple[datetime, int]:
    return row.effective_from, row.number


def numbers(team: Team) -> dict[str, int]:
    """How many discounts of each model the team has had: what a form is made from. One query."""
    rows = TeamDiscount.objects.filter(team=team).order_by("model", "-number").distinct("model")
    return {row.model: row.number for row in rows}


def sold_below_cost(team: Team, model: str, ppm: int, start: datetime) -> list[str]:
    """What a discount from a moment on would sell to a team below its expected cost, at the prices of then and of
    later, as long as it is the one that holds; by name, each once. Four queries."""
    last = TeamDiscount.objects.filter(team=team).order_by("-number").first()
    new = TeamDiscount(team=team, model=model, number=last.number + 1 if last else 1, ppm=ppm, effective_from=start)
    own = [*TeamDiscount.objects.filter(team=team), new]
    found = []
    for slug, versions in _versions(_slugs(model), start).items():
        entry = catalog.get(slug)
        changes = {row.effective_from for row in own} | {version.effective_from for version in versions}
        for moment in sorted({start, *(each for each in changes if each > start)}):
            in_force = [version for version in versions if version.effective_from <= moment]
            if in_force and below_cost.decides(own, entry.slug, moment) is new:
                book = offers.book_of(in_force[-1], ppm)
                found += [f"{entry.name} {unit.key}" for unit in below_cost.units(entry, book)]
    return list(dict.fromkeys(found))


def _slugs(model: str) -> list[str]:
    return [slug for slug in catalog.ENTRIES if model in (ALL, slug)]


def _versions(slugs: list[str], start: datetime) -> Mapping[str, list[PriceVersion]]:
    """By model, the version in force at a moment and those that take over later, in their order. Two queries."""
    rows = PriceVersion.objects.filter(slug__in=slugs)
    begun = rows.filter(effective_from__lte=start).order_by("slug", "-effective_from", "-number").distinct("slug")
    later = rows.filter(effective_from__gt=start).order_by("effective_from", "number")
    found: dict[str, list[PriceVersion]] = defaultdict(list)
    for row in [*begun, *later]:
        found[row.slug].append(row)
    return found


def _faults(model: str, ppm: int, reason: str, effective_from: datetime | None, moment: datetime) -> list[FieldError]:
    errors = []
    if model != ALL and model not in catalog.ENTRIES:
        errors.append(FieldError("model", "Choose a model, or all models.", "not_allowed"))
    if not 0 <= ppm <= MOST_DISCOUNT:
        errors.append(FieldError("percent", "A discount is between 0 and 90 percent.", "out_of_range"))
    try:
        reason_of(reason)
    except Invalid as problem:
        errors += problem.errors
    if effective_from is not None and effective_from < moment:
        errors.append(FieldError("effective_from", "This moment is past: a discount begins now or later.", "past"))
    return errors
