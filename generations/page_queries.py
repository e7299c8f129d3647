"""What the pages read. Rows come through access.generations; the number of queries never depends on their number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from accounts.actors import Actor
from accounts.models import Membership, Team
from generations import access, discounts, files, listings, offers, pricing
from generations.catalog import ENTRIES, Entry
from generations.forms import Preview
from generations.models import Generation, Output, PriceVersion, Upload
from project import ids

LINK_SECONDS = 6 * 3600


@dataclass(frozen=True)
class Card:
    """A model as the price list and the studio show it. `cheapest` in micro-dollars; None without a price."""

    entry: Entry
    available: bool
    note: str
    cheapest: int | None
    examples: Sequence[pricing.Example]


def cards(team: Team | None = None) -> list[Card]:
    """Every model on offer with its prices in force: the list's, or what a team pays, by one
    query more."""
    prices = offers.current_prices()
    found = listings.standings()
    own = discounts.in_force(team) if team else {}
    return [
        _card(entry, prices.get(slug), found.get(slug, listings.UNLISTED), discounts.of(own, slug))
        for slug, entry in ENTRIES.items()
    ]


def _card(entry: Entry, version: PriceVersion | None, standing: listings.Standing, discount: int) -> Card:
    examples = pricing.price_examples(entry, offers.book_of(version, discount)) if version else []
    return Card(
        entry=entry,
        available=version is not None and standing.available,
        note=standing.note,
        cheapest=min((example.total for example in examples), default=None),
        examples=examples,
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
    shown = labelled(generation, schema)
    texts = [text for item in shown for text in item.get("images", ())]
    previews = upload_previews(actor=actor, public_ids=texts)
    for item in shown:
        if "images" in item:
            item["images"] = [
                {"text": text, "preview": previews[text].url if text in previews else ""} for text in item["images"]
            ]
    return shown


def labelled(generation: Generation, schema: dict[str, Any]) -> list[dict[str, Any]]:
    """The stored input as `name`, `title` and `text` in the order of the form, or `images`: addresses and upload ids,
    never none."""
    known = [name for name in schema["properties"] if name in generation.input]
    order = known + [name for name in generation.input if name not in known]  # jsonb keeps no order of its own
    shown = []
    for name in order:
        rule, value = schema["properties"].get(name, {}), generation.input[name]
        item: dict[str, Any] = {"name": name, "title": rule.get("title", name)}
        if rule.get("x-image") or rule.get("items", {}).get("x-image"):
            item["images"] = [value] if isinstance(value, str) else list(value)
        elif isinstance(value, bool):
            item["text"] = "yes" if value else "no"
        else:
            item["text"] = str(rule.get("x-labels", {}).get(value, value))
            item["long"] = rule.get("x-control") == "textarea"
        if item.get("images") != []:
            shown.append(item)
    return shown


def filename(generation: Generation, output: Output) -> str:
    """What an output is called when it is kept: `veo-3.1-fast-1a2b3c4d-1.mp4`."""
    extension = output.name.rpartition(".")[2]
    return f"{generation.model}-{generation.public_id[-8:]}-{output.index + 1}.{extension}"


def emails(*, actor: Actor, names: Iterable[str]) -> dict[str, str]:
    """The addresses of people of the actor's team, whether they are still there or not, by Actor.name. One query, none
    without names."""
    numbers = {int(name.removeprefix("user:")) for name in names if name.startswith("user:")}
    if not numbers:
        return {}
    places = Membership.objects.filter(team=actor.team, user__in=numbers)
    return {f"user:{pk}": email for pk, email in places.values_list("user_id", "user__email")}
