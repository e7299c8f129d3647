"""Everything that is known of one generation's money and of what happened to it, for the operator's people.

No prompt and no output: of the input only what moves the price. Who must see more looks at the team's pages, logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date
from typing import Any

from django.db.models import Prefetch

from billing.lots import movements
from billing.models import Transfer
from generations import catalog, offers, timeline
from generations.models import (
    Attempt,
    Callback,
    Case,
    Generation,
    GenerationEvent,
    LateResult,
    RefusedCallback,
    UsageRow,
)
from generations.oversight import drill_down
from generations.oversight.drill_down import Row
from generations.pricing import percent
from generations.receipt_words import made_by
from project import ids
from project.errors import NotFound


@dataclass(frozen=True)
class Step:
    """One thing that happened: its words for the team, its name and data in our log, and who did it."""

    moment: timeline.Moment
    event: GenerationEvent

    @property
    def data(self) -> str:
        """`attempt 1, provider kie`: plain values alone."""
        said = [(name, value) for name, value in self.event.data.items() if isinstance(value, str | int)]
        return ", ".join(f"{name} {value}" for name, value in said if value != "")


@dataclass(frozen=True)
class Story:
    """One generation. `day` is the one that its sums stand on, None before its end. `why` says in steps how the charge
    came about. `priced_by` are the fields of the input that move the price."""

    row: Row
    day: date | None
    made_by: str
    steps: list[Step]
    attempts: list[Attempt]
    transfers: list[Transfer]
    paid_with: list[tuple[str, int]]
    late_results: list[LateResult]
    usage: list[UsageRow]
    cases: list[Case]
    why: list[tuple[str, str]]
    priced_by: list[tuple[str, str]]

    @property
    def generation(self) -> Generation:
        return self.row.generation

    @property
    def lines(self) -> Sequence[dict[str, Any]]:
        """What was priced: of the receipt once it has ended."""
        receipt = self.generation.receipt or {}
        return receipt.get("lines", self.generation.lines) or []

    @property
    def formula(self) -> str:
        return str((self.generation.receipt or {}).get("formula", ""))


def of(public_id: str) -> Story:
    """A generation of any team by its public id. Raises NotFound. How many queries does not depend on it."""
    wanted = ids.parse("gen", public_id)
    found = (
        Generation.objects.select_related(
            "team", "api_key", "membership__user", "price_version", "hold", "quote", "batch"
        )
        .filter(pk=wanted)
        .first()
        if wanted
        else None
    )
    if found is None:
        raise NotFound("There is no such generation.")
    events = list(GenerationEvent.objects.filter(generation=found).order_by("id"))
    moved = movements(found.hold)
    transfers = [row for row in (moved.hold, moved.capture, moved.release) if row is not None]
    row = drill_down.row_of(found)
    return Story(
        row=row,
        day=_day(found, moved.capture),
        made_by=made_by(found),
        steps=[Step(moment, event) for moment, event in zip(timeline.of_events(found, events), events, strict=True)],
        attempts=list(
            found.attempts.order_by("number").prefetch_related(
                Prefetch("callbacks", Callback.objects.defer("body").order_by("id")),
                Prefetch("refused_callbacks", RefusedCallback.objects.defer("head").order_by("id")),
            )
        ),
        transfers=transfers,
        paid_with=[(part.label, part.amount) for part in moved.paid_from],
        late_results=list(found.late_results.order_by("id")),
        usage=list(found.usage_rows.select_related("usage_import").order_by("id")),
        cases=list(found.cases.select_related("owner").order_by("-opened_at")),
        why=_why(found, row),
        priced_by=_priced_by(found),
    )


def _day(generation: Generation, capture: Transfer | None) -> date | None:
    """As migration 0014 has it: that of the capture, else of the end."""
    moment = capture.created_at if capture else generation.finished_at
    return moment.astimezone(UTC).date() if moment else None


def _why(generation: Generation, row: Row) -> list[tuple[str, str]]:
    version, variant = generation.price_version, generation.variant
    book = offers.book_of(version, generation.discount_ppm)
    entry = catalog.ENTRIES.get(generation.model)
    said = [
        ("Price version", f"{version.number}: {version.reason}"),
        ("Published by", version.created_by),
        ("Variant", variant or "not kept: accepted before variants were"),
    ]
    if variant in book.fixed:
        said.append(("Price", "fixed for this variant, no margin on it"))
    else:
        said.append(("Margin on the list price", percent(book.margin_of(variant))))
    said.append(("The team's discount", percent(generation.discount_ppm) if generation.discount_ppm else "none"))
    unit = f" {entry.unit}s" if entry else ""
    said.append(("Delivered", f"{generation.output_count} of {generation.requested_outputs} outputs, priced by{unit}"))
    if generation.quote:
        said.append(("Quote", f"{generation.quote.public_id}: bound the price when it was accepted"))
    return said


def _priced_by(generation: Generation) -> list[tuple[str, str]]:
    entry = catalog.ENTRIES.get(generation.model)
    if entry is None or not isinstance(generation.input, dict):
        return []
    return [(name, str(generation.input[name])) for name in entry.price_fields if name in generation.input]
