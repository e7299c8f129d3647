"""What the pages read. Rows come through access.generations; the number of queries never depends on their number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from accounts.actors import Actor
from generations import access, files, offers, pricing
from generations.catalog import ENTRIES, Entry
from generations.forms import Preview
from generations.models import Generation, Listing, Output, PriceVersion, Status, Upload
from generations.models.generation import OPEN
from project import ids
from project.paging import Side, Window, page_of_rows

PAGE = 20
LINK_SECONDS = 6 * 3600
MOST_LIVE = 50
FILTERS = ("open", *Status.values)


@dataclass(frozen=True)
class Card:
    """A model as the price list and the studio show it. `cheapest` in micro-dollars; None without a price."""

    entry: Entry
    available: bool
    note: str
    cheapest: int | None
    examples: Sequence[pricing.Example]


@dataclass(frozen=True)
class Row:
    """A generation as a line of the history."""

    generation: Generation
    name: str
    prompt: str
    preview: str


@dataclass(frozen=True)
class HistoryPage:
    """One page, newest first; `newer` and `older` are the ids to go on from, or empty."""

    rows: Sequence[Row]
    newer: str
    older: str


def cards() -> list[Card]:
    """Every model on offer with its prices in force. Two queries."""
    prices = offers.current_prices()
    listings = {row.slug: row for row in Listing.objects.all()}
    return [_card(entry, prices.get(slug), listings.get(slug)) for slug, entry in ENTRIES.items()]


def _card(entry: Entry, version: PriceVersion | None, listing: Listing | None) -> Card:
    examples = pricing.price_examples(entry, offers.book_of(version)) if version else []
    return Card(
        entry=entry,
        available=bool(version and listing and listing.available),
        note=listing.note if listing else "",
        cheapest=min((example.total for example in examples), default=None),
        examples=examples,
    )


def history(*, actor: Actor, status: str = "", model: str = "", before: str = "", after: str = "") -> HistoryPage:
    """A page of the team's generations: older than `before` or newer than `after` (public ids), newest first."""
    rows = access.generations(actor).prefetch_related("outputs")
    if status == "open":
        rows = rows.filter(status__in=OPEN)
    elif status in Status.values:
        rows = rows.filter(status=status)
    if model in ENTRIES:
        rows = rows.filter(model=model)
    edge = _edge(actor, after or before)
    side: Side = "newer" if edge is not None and after else "older"
    found = page_of_rows(
        rows,
        Window(PAGE, side, (edge.public_id,) if edge else None),
        fields=("created_at", "id"),
        values=(edge.created_at, edge.pk) if edge else None,
        newest_first=True,
        key_of=lambda item: (item.public_id,),
    )
    return HistoryPage(
        rows=[row(item) for item in found.rows],
        newer=found.newer[0] if found.newer else "",
        older=found.older[0] if found.older else "",
    )


def _edge(actor: Actor, public_id: str) -> Generation | None:
    wanted = ids.parse("gen", public_id)
    return access.generations(actor).only("id", "created_at").filter(pk=wanted).first() if wanted else None


def live_rows(*, actor: Actor, public_ids: Iterable[str]) -> list[Row]:
    """The named generations of the team, at most 50. One query and its outputs."""
    wanted = [pk for pk in (ids.parse("gen", text) for text in public_ids) if pk is not None][:MOST_LIVE]
    found = access.generations(actor).filter(pk__in=wanted).prefetch_related("outputs")
    return [row(item) for item in found.order_by("-created_at", "-id")]


def row(generation: Generation) -> Row:
    """A generation with prefetched outputs as a line."""
    first = min(generation.outputs.all(), key=lambda output: output.index, default=None)
    entry = ENTRIES.get(generation.model)
    return Row(
        generation=generation,
        name=entry.name if entry else generation.model,
        prompt=str(generation.input.get("prompt", "")),
        preview=preview_of(first) if first else "",
    )


def preview_of(output: Output) -> str:
    """The address of an output's small picture; nothing when it has none."""
    name = output.preview or (output.name if output.kind == "image" else "")
    return link(name) if name else ""


def link(name: str, *, filename: str | None = None) -> str:
    """A signed address of a stored file on the host that the page itself came from (its policy allows no other)."""
    url = files.signed_url(name, lifetime_seconds=LINK_SECONDS, filename=filename)
    return url.removeprefix(settings.SITE_URL)


def upload_previews(*, actor: Actor, public_ids: Iterable[str]) -> dict[str, Preview]:
    """The team's uploads by public id; strangers' and expired ones are left out. One query when any is asked."""
    wanted = [pk for pk in (ids.parse("upl", text) for text in public_ids) if pk is not None]
    if not wanted:
        return {}
    found = access.uploads(actor).filter(pk__in=wanted)
    return {row.public_id: Preview(link(row.name), row.expires_at) for row in found}


def upload_prints(*, actor: Actor, public_ids: Iterable[str]) -> dict[str, str]:
    """sha256 of the team's uploads by public id."""
    wanted = [pk for pk in (ids.parse("upl", text) for text in public_ids) if pk is not None]
    return {row.public_id: row.sha256 for row in Upload.objects.filter(team=actor.team, pk__in=wanted)}


def shown_inputs(*, actor: Actor, generation: Generation, schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The stored input as labelled values in the order of the form; images with their previews."""
    known = [name for name in schema["properties"] if name in generation.input]
    order = known + [name for name in generation.input if name not in known]  # jsonb keeps no order of its own
    images: dict[str, list[str]] = {}
    for name in order:
        rule, value = schema["properties"].get(name, {}), generation.input[name]
        if rule.get("x-image") or rule.get("items", {}).get("x-image"):
            images[name] = [value] if isinstance(value, str) else list(value)
    previews = upload_previews(actor=actor, public_ids=[text for texts in images.values() for text in texts])
    shown = []
    for name in order:
        rule, value = schema["properties"].get(name, {}), generation.input[name]
        item: dict[str, Any] = {"name": name, "title": rule.get("title", name)}
        if name in images:
            item["images"] = [
                {"text": text, "preview": previews[text].url if text in previews else ""} for text in images[name]
            ]
        elif isinstance(value, bool):
            item["text"] = "yes" if value else "no"
        else:
            item["text"] = str(rule.get("x-labels", {}).get(value, value))
            item["long"] = rule.get("x-control") == "textarea"
        if item.get("images") != []:
            shown.append(item)
    return shown
