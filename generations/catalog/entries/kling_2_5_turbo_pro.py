"""Kling 2.5 Turbo Pro (catalogue.md; S0 and S2; kie.md 7.1)."""

from __future__ import annotations

from typing import Literal

from generations.catalog import fields
from generations.catalog.priced import ClipVideo, Market


class Kling25Input(fields.Input):
    prompt: str = fields.prompt(most=2500, help="What happens in the video.")
    image_url: fields.ImageRef = fields.image("First frame", help="The image that the video starts from.")
    tail_image_url: fields.OptionalImageRef = fields.optional_image(
        "Last frame", help="The image that the video ends on. May be left out."
    )
    duration: Literal["5", "10"] = fields.choice("Seconds", default="5", help="Length of the video in seconds.")
    negative_prompt: str = fields.text("Avoid", most=2496, help="What should not be seen.")
    cfg_scale: fields.Tenths = fields.guidance()


class Kling25TurboPro(Market, ClipVideo):
    slug = "kling-2.5-turbo-pro"
    name = "Kling 2.5 Turbo Pro"
    summary = "Fast video from a first frame, and a last frame if you like."
    position = 10
    provider_model = "kling/v2-5-turbo-image-to-video-pro"
    Input = Kling25Input
    price_fields = ("duration",)
    rates = {"5": 210_000, "10": 420_000}
    costs = {"5": 210_000, "10": 420_000}  # 42 and 84 credits
    typical_seconds = 180
    example = {
        "prompt": "An astronaut steps through a glowing wooden door.",
        "image_url": "https://example.com/first.png",
        "duration": "5",
        "negative_prompt": "blur, distort, and low quality",
        "cfg_scale": 0.5,
    }


ENTRIES = (Kling25TurboPro(),)
