"""Veo 3.1 Fast (catalogue.md; S0; kie.md 1.2 and 7.2): an endpoint and a flat body of its own."""

from __future__ import annotations

from typing import Any, Literal

from generations.catalog import fields
from generations.catalog.base import Values
from generations.catalog.priced import ClipVideo, pick
from generations.catalog.rules import Rule

TEXT, FRAMES, REFERENCE = "TEXT_2_VIDEO", "FIRST_AND_LAST_FRAMES_2_VIDEO", "REFERENCE_2_VIDEO"


class VeoInput(fields.Input):
    prompt: str = fields.prompt(most=5000, help="What happens in the video, sound included.")
    imageUrls: list[fields.ImageRef] = fields.images(
        "Images", least=0, most=2, help="None for text to video; one or two as frames or references."
    )
    generationType: Literal["TEXT_2_VIDEO", "FIRST_AND_LAST_FRAMES_2_VIDEO", "REFERENCE_2_VIDEO"] = fields.choice(
        "Mode",
        default=None,
        help="Left out: TEXT_2_VIDEO without images, else FIRST_AND_LAST_FRAMES_2_VIDEO.",
        labels={TEXT: "Text to video", FRAMES: "First and last frame", REFERENCE: "Reference images"},
    )
    aspectRatio: Literal["16:9", "9:16", "Auto"] = fields.choice(
        "Aspect ratio", default="16:9", help="Shape of the picture; reference images take only 16:9."
    )
    seeds: int = fields.seed(least=10000, most=99999)


class Veo31Fast(ClipVideo):
    slug = "veo-3.1-fast"
    name = "Veo 3.1 Fast"
    summary = "Video with sound from text, from frames or from reference images."
    position = 70
    provider = "kie"
    family = "veo"
    provider_model = "veo3_fast"
    Input = VeoInput
    rules = (
        Rule(
            when="generationType",
            values=(TEXT,),
            then="imageUrls",
            items=(0, 0),
            message="imageUrls must be empty when generationType is TEXT_2_VIDEO",
        ),
        Rule(
            when="generationType",
            values=(FRAMES,),
            then="imageUrls",
            items=(1, 2),
            message="imageUrls must hold 1 or 2 images when generationType is FIRST_AND_LAST_FRAMES_2_VIDEO",
        ),
        Rule(
            when="generationType",
            values=(REFERENCE,),
            then="imageUrls",
            items=(1, 2),
            message="imageUrls must hold 1 or 2 images when generationType is REFERENCE_2_VIDEO",
        ),
        Rule(
            when="generationType",
            values=(REFERENCE,),
            then="aspectRatio",
            allowed=("16:9",),
            message="aspectRatio must be 16:9 when generationType is REFERENCE_2_VIDEO",
        ),
    )
    rates = {"video": 300_000}
    costs = {"video": 300_000}  # 60 credits
    typical_seconds = 120
    example = {
        "prompt": "A dog playing in a park",
        "imageUrls": ["https://example.com/image1.jpg", "https://example.com/image2.jpg"],
        "generationType": FRAMES,
        "aspectRatio": "16:9",
        "seeds": 12345,
    }

    def _complete(self, filled: dict[str, Any]) -> dict[str, Any]:
        if "imageUrls" not in filled or "generationType" in filled:
            return filled
        return {**filled, "generationType": FRAMES if filled["imageUrls"] else TEXT}

    def body(self, input: Values) -> dict[str, Any]:
        """Flat. The ratio goes under both its names: the provider renamed it in 2026."""
        return {
            "model": self.provider_model,
            **pick(input, ("prompt", "imageUrls", "generationType", "aspectRatio", "seeds")),
            "aspect_ratio": input["aspectRatio"],
        }


ENTRIES = (Veo31Fast(),)
