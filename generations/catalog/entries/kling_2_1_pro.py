"""Kling 2.1 Pro (catalogue.md; S0 and S2; kie.md 7.1)."""

from __future__ import annotations

from typing import Literal

from generations.catalog import fields
from generations.catalog.priced import ClipVideo, Market


class Kling21Input(fields.Input):
    prompt: str = fields.prompt(most=5000, help="What happens in the video.")
    image_url: fields.ImageRef = fields.image("First frame", help="The image that the video starts from.")
    tail_image_url: fields.OptionalImageRef = fields.optional_image(
        "Last frame", help="The image that the video ends on. May be left out."
    )
    duration: Literal["5", "10"] = fields.choice("Seconds", default="5", help="Length of the video in seconds.")
    negative_prompt: str = fields.text("Avoid", most=500, help="What should not be seen.")
    cfg_scale: fields.Tenths = fields.guidance()


class Kling21Pro(Market, ClipVideo):
    slug = "kling-2.1-pro"
    name = "Kling 2.1 Pro"
    summary = "Detailed video from a first frame, and a last frame if you like."
    position = 40
    provider_model = "kling/v2-1-pro"
    Input = Kling21Input
    price_fields = ("duration",)
    rates = {"5": 250_000, "10": 500_000}
    costs = {"5": 250_000, "10": 500_000}  # 50 and 100 credits
    typical_seconds = 240
    example = {
        "prompt": "POV shot of a gravity surfer diving between ancient ruins suspended midair.",
        "image_url": "https://example.com/surfer.webp",
        "duration": "5",
        "negative_prompt": "blur, distort, and low quality",
        "cfg_scale": 0.5,
    }


ENTRIES = (Kling21Pro(),)
