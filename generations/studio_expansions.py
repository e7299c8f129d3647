"""Expand prompt in the studio: what is typed becomes a suggestion by a language model, a charged generation of kind
`text` like any other (expansions.py, intake.accept). The suggestion stands beside the prompt until it is used.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.actors import Actor
from generations import (
    access,
    catalog,
    expansions,
    forms,
    idempotency,
    intake,
    listings,
    offers,
    page_queries,
    pricing,
    timeline,
)
from generations.catalog.base import Entry
from generations.models import Generation, PriceVersion, Status
from project import db
from project.errors import FieldError, Invalid, Problem

MOST_IDEA = 10_000  # characters that a language model takes
MOST_IMAGES = 10
STEP = 1_000  # micro-dollars: the most is said in tenths of a cent
_WIDEST = "\N{CJK UNIFIED IDEOGRAPH-20000}"  # as many bytes as a character can have


@dataclass(frozen=True)
class Panel:
    """What stands below the prompt. `state`: idle, writing, done (a suggestion to use), used, failed.

    `most` is the most that the next press can cost, in micro-dollars, None where nothing can be asked; `before` is the
    prompt that a used suggestion replaced; `problem` is what was wrong with the last press, as problem details."""

    state: str = "idle"
    key: str = ""
    most: int | None = None
    closed: str = ""
    style: str = ""
    row: Generation | None = None
    text: str = ""
    before: str = ""
    limit: int = 0
    problem: Mapping[str, Any] | None = None
    elapsed: int = 0

    @property
    def too_long(self) -> bool:
        return len(self.text) > self.limit

    @property
    def typical(self) -> int:
        return catalog.get(self.row.model).typical_seconds if self.row else 0

    @property
    def seconds(self) -> int:
        """How long to wait before the next look: soon at first, and not a storm for one that takes long."""
        return 2 if self.elapsed < 60 else 10

    @property
    def sentence(self) -> str:
        """What the state of the generation means, where that is more than being written."""
        if self.row is None or (self.state == "writing" and self.row.status != Status.UNKNOWN):
            return ""
        return timeline.sentence(self.row)


def ask(
    *, actor: Actor, entry: Entry, data: Mapping[str, Any], style: str, agreed: int | None, key: str
) -> Generation | Mapping[str, Any]:
    """Asks for a better prompt than the one in a form's `data`, for the model `entry`; its uploads are shown to the
    writer. `agreed` is the most that the page said it may cost, in micro-dollars; `key` stands for one press.

    Returns the generation, or the problem that the first such press was answered with. Raises what intake.accept
    raises, with the fields of the form."""
    idea = str(data.get("prompt", ""))
    if not idea.strip():
        raise _wrong("prompt", "Write an idea into the prompt first.", "missing")
    if len(style) > expansions.LONGEST_STYLE:
        raise _wrong("style", f"Style has at most {expansions.LONGEST_STYLE} characters.", "too_long")
    given: dict[str, Any] = {"prompt": idea, "target": entry.slug}
    if style:
        given["style"] = style
    images = forms.image_ids(entry.json_schema(), data)[:MOST_IMAGES]
    if images:
        given["image_urls"] = images
    slug, input_ = expansions.ask(given)
    # An image counts by what is in it: without scripts each press stores it anew.
    prints = page_queries.upload_prints(actor=actor, public_ids=images)
    content = {**given, "image_urls": [prints.get(image, image) for image in images]}
    print_of_request = idempotency.fingerprint(method="POST", path=f"/studio/{entry.slug}/expand", body=content)
    request = intake.Request(
        model=slug,
        input=input_,
        max_price=agreed,
        idempotency=(f"expand-{key}-{print_of_request[:32]}", print_of_request),
    )
    try:
        generation, answer = intake.accept(actor=actor, request=request, render=_told)
    except Invalid as problem:
        problem.errors = tuple(expansions.told(problem.errors))
        raise
    if answer.status != 201:
        return answer.body
    return generation or access.generation(actor, answer.body["id"])


def idle(*, entry: Entry, data: Mapping[str, Any], **shown: Any) -> Panel:
    """The panel before a press, or with `shown` one that offers another. Two queries: prices and what is on offer."""
    prices = offers.current_prices()
    on_offer = listings.available()
    open_now = {slug: prices[slug] for slug in expansions.writers() if slug in on_offer and slug in prices}
    base: dict[str, Any] = {"key": secrets.token_hex(16), "limit": _limit(entry), **shown}
    if expansions.TEXT not in open_now:
        return Panel(closed="Expanding prompts is not available right now.", **base)
    return Panel(most=most(entry=entry, idea=str(data.get("prompt", "")), prices=open_now), **base)


def panel(*, entry: Entry, data: Mapping[str, Any], row: Generation, **shown: Any) -> Panel:
    """The panel of an expansion that was asked for: being written, a suggestion, or failed."""
    if not row.ended:
        elapsed = max(int((db.now() - row.created_at).total_seconds()), 0)
        return Panel(state="writing", row=row, elapsed=elapsed, limit=_limit(entry), **shown)
    if row.status != Status.SUCCEEDED:
        return idle(entry=entry, data=data, state="failed", row=row, **shown)
    if not row.text:  # it was deleted meanwhile
        return idle(entry=entry, data=data, **shown)
    return idle(entry=entry, data=data, **{"state": "done", "row": row, "text": row.text.strip(), **shown})


def most(*, entry: Entry, idea: str, prices: Mapping[str, PriceVersion]) -> int:
    """The most that an expansion for a model can cost, in micro-dollars: of any idea as long as its prompt may be (or
    as this one is), with a style, and as many images as it takes. Rounded up to a tenth of a cent."""
    letters = min(max(len(idea), _limit(entry)), MOST_IDEA)
    given = {"prompt": _WIDEST * letters, "target": entry.slug, "style": _WIDEST * expansions.LONGEST_STYLE}
    images = _images(entry)
    holds = []
    for with_images in (False, True) if images and expansions.VISION in prices else (False,):
        pictures = {"image_urls": ["upl_" + "0" * 32] * images} if with_images else {}
        slug, data = expansions.ask({**given, **pictures})
        writer, version = catalog.get(slug), prices[slug]
        clean = writer.validate(data, rates=version.rates)
        holds.append(pricing.quote(writer, clean, offers.book_of(version)).hold)
    return -(-max(holds) // STEP) * STEP


def as_prompt(generation: Generation, entry: Entry) -> str:
    """A text that was made, as the prompt of a form of `entry`. Empty where the generation's own input is meant."""
    return generation.text.strip() if generation.kind == "text" and entry.kind != "text" else ""


def uses(generation: Generation) -> list[Entry]:
    """The models in which a text that was made can be used as the prompt, as far as they are on offer. One query for a
    text, none for what is none."""
    if generation.kind != "text" or not generation.text:
        return []
    on_offer = listings.available()
    return [entry for slug, entry in catalog.ENTRIES.items() if entry.kind != "text" and slug in on_offer]


def told(problem: Problem) -> dict[str, Any]:
    """A problem of a press as the panel shows it: its sentences, without the names of fields that only a program
    knows."""
    sentences = [error.message[:1].upper() + error.message[1:] for error in problem.errors]
    return {**problem.as_json(), "sentences": sentences or [problem.detail]}


def _images(entry: Entry) -> int:
    """How many images a model's form can hold."""
    count = 0
    for rule in entry.json_schema()["properties"].values():
        if rule.get("x-image"):
            count += 1
        elif rule.get("items", {}).get("x-image"):
            count += rule["maxItems"]
    return min(count, MOST_IMAGES)


def _limit(entry: Entry) -> int:
    return int(entry.json_schema()["properties"]["prompt"]["maxLength"])


def _told(generation: Generation) -> idempotency.Answer:
    return idempotency.Answer(201, {"id": generation.public_id}, {})


def _wrong(path: str, message: str, code: str) -> Invalid:
    return Invalid(message, errors=[FieldError(path, message, code)])
