"""A generation's history in words for the people who asked for it. Never a provider's own words or ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.template.defaultfilters import filesizeformat

from accounts import audit
from generations.models import Generation, GenerationEvent, Status
from generations.reasons import SENTENCES
from project.money import cents, to_json
from project.templatetags.pages import grouped

Data = Mapping[str, Any]
BY_STAFF = f"{audit.STAFF}:"


@dataclass(frozen=True)
class Moment:
    """One line of the timeline. `tone`: plain, good, bad or wait; `after` are the seconds since it was asked for."""

    at: datetime
    after: int
    words: str
    tone: str = "plain"


def timeline(generation: Generation) -> list[Moment]:
    """Everything that happened, oldest first. One query."""
    return of_events(generation, GenerationEvent.objects.filter(generation=generation).order_by("id"))


def of_events(generation: Generation, events: Iterable[GenerationEvent]) -> list[Moment]:
    """The same of its events where they were read already."""
    begun = generation.created_at
    return [Moment(event.at, max(int((event.at - begun).total_seconds()), 0), *_words(event)) for event in events]


def _words(event: GenerationEvent) -> tuple[str, str]:
    if event.kind not in WORDS:
        return event.kind.replace("_", " ").capitalize() + ".", "plain"
    say, tone = WORDS[event.kind]
    by = " Our staff decided this." if event.actor.startswith(BY_STAFF) else ""  # a team is never told who
    return say(event.data) + by, tone


def credits_words(micro: int) -> str:
    """`42 credits ($0.21)`."""
    amount = to_json(micro)
    noun = "credit" if amount["credits"] == "1" else "credits"
    return f"{grouped(amount['credits'])} {noun} (${cents(amount['usd'])})"


def clock(moment: datetime) -> str:
    """`2026-11-22 13:05 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _accepted(data: Data) -> str:
    return f"Accepted: {credits_words(data.get('held', 0))} held in the wallet."


def _claimed(data: Data) -> str:
    again = f" (try {data['attempt']})" if data.get("attempt", 1) > 1 else ""
    return f"Handed to the provider{again}."


def _submitted(data: Data) -> str:
    by = str(data.get("by", ""))
    if by.startswith(BY_STAFF):
        return "Our staff found it at the provider: it has it."
    return "The provider called back about it: it has it." if by == "callback" else "The provider took it."


def _finished(data: Data) -> str:
    count = data.get("outputs", 1)
    words = f"The provider is done: {count} {'result' if count == 1 else 'results'}."
    return words + (f" {data['dropped']} more than asked for were left there." if data.get("dropped") else "")


def _stored(data: Data) -> str:
    return f"Result {data.get('index', 0) + 1} stored ({filesizeformat(data.get('bytes', 0))})."


def _succeeded(data: Data) -> str:
    words = f"Done: {credits_words(data.get('charged', 0))} charged"
    return words + (f", {credits_words(data['released'])} released." if data.get("released") else ".")


def _failed(data: Data) -> str:
    sentence = SENTENCES.get(data.get("reason", ""), "This failed. Nothing was charged.")
    return f"{sentence} {credits_words(data.get('released', 0))} released."


WORDS: dict[str, tuple[Callable[[Data], str], str]] = {
    "accepted": (_accepted, "plain"),
    "claimed": (_claimed, "plain"),
    "submitted": (_submitted, "plain"),
    "requeued": (lambda _: "It did not reach the provider; it goes back into the queue.", "wait"),
    "unknown": (
        lambda _: "The provider gave no clear answer. It is not sent again: it cannot be made twice.",
        "wait",
    ),
    "finished": (_finished, "plain"),
    "misread": (lambda _: "The provider's record could not be read; asking again.", "wait"),
    "stored": (_stored, "plain"),
    "store_retried": (lambda _: "A result could not be fetched; trying again.", "wait"),
    "succeeded": (_succeeded, "good"),
    "failed": (_failed, "bad"),
    "canceled": (lambda data: f"Canceled: {credits_words(data.get('released', 0))} released.", "plain"),
    "outputs_deleted": (lambda _: "The outputs were deleted. What was charged stays on the books.", "plain"),
    "billed": (lambda _: "The provider's bill came. What was charged to you stays as it is.", "plain"),
    "late_result": (lambda _: "A result came after the end. It was not charged.", "plain"),
}

STATES: dict[str, str] = {
    Status.QUEUED: "In the queue. Nothing has been sent yet, so it can still be canceled.",
    Status.SUBMITTING: "On its way to the provider.",
    Status.UNKNOWN: (
        "We sent this and got no clear answer. The provider may be working on it, so it is not sent again."
        " If the provider reports back, it goes on from there by itself."
    ),
    Status.RUNNING: "The provider is working on it.",
    Status.STORING: "The provider is done. The result is on its way into our storage.",
    Status.SUCCEEDED: "Done.",
    Status.CANCELED: "Canceled before anything was sent. Nothing was charged.",
}


def sentence(generation: Generation) -> str:
    """What the present status means, in one or two honest sentences."""
    if generation.status == Status.FAILED:
        return generation.message or "This failed. Nothing was charged."
    return STATES[generation.status]
