"""Asks for generations the way the API does, with real rows and no HTTP of our own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from billing import ledger, reconcile
from generations import books, idempotency, intake
from generations.models import Generation
from tests.world import World

IMAGE = "https://img.example/a.png"  # the sandbox cannot reach it and draws from the prompt instead

INPUTS: dict[str, dict[str, Any]] = {
    "kling-2.5-turbo-pro": {"image_url": IMAGE, "negative_prompt": "blur"},
    "hailuo-2.3-pro": {"image_url": IMAGE, "resolution": "768P"},
    "wan-2.5-i2v": {"image_url": IMAGE},
    "kling-2.1-pro": {"image_url": IMAGE, "tail_image_url": "https://img.example/b.png"},
    "wan-2.2-turbo": {"image_url": IMAGE, "resolution": "480p"},
    "seedance-v1-pro": {"image_url": IMAGE, "resolution": "480p"},
    "veo-3.1-fast": {},
    "nano-banana-edit": {"image_urls": [IMAGE]},
    "nano-banana-pro": {},
    "seedream-v4-edit": {"image_urls": [IMAGE], "max_images": 4},
    "flux-kontext-pro": {},
    "flux-kontext-max": {"inputImage": IMAGE},
    "qwen-image-edit-plus": {"image_urls": [IMAGE], "num_images": 4},
    "prompt-expansion-vision": {"model": "google/gemini-2.5-flash", "image_urls": [IMAGE]},
    "prompt-expansion-text": {"model": "google/gemini-2.5-flash"},
}


def render(generation: Generation) -> idempotency.Answer:
    return idempotency.Answer(201, {"id": generation.public_id}, {})


def ask(world: World, slug: str = "veo-3.1-fast", prompt: str = "a dog in a park", **more: Any) -> Generation:
    """One accepted generation of Studio's key; `more` goes into the input."""
    request = intake.Request(model=slug, input={"prompt": prompt, **INPUTS[slug], **more})
    generation, _ = intake.accept(actor=world.actor(), request=request, render=render)
    assert generation is not None
    return generation


def again(pk: UUID) -> Generation:
    return Generation.objects.get(pk=pk)


def kinds(generation: Generation) -> list[str]:
    """The history in order."""
    return list(generation.events.order_by("id").values_list("kind", flat=True))


def wallet(world: World) -> tuple[int, int]:
    """(available, held) of Studio in micro-dollars."""
    now = ledger.wallet(world.team.pk)
    return now.available.balance, now.held.balance


def books_hold() -> bool:
    """All recompute checks of verify_ledger."""
    assert reconcile.failures(reconcile.CHECKS + books.CHECKS) == []
    return True


def released_whole(world: World, generation: Generation) -> bool:
    """Nothing charged, everything back, nothing held."""
    assert generation.charged == 0
    assert generation.receipt is not None
    assert wallet(world) == (10_000_000, 0)
    return books_hold()
