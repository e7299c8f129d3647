"""Hailuo 2.3 Pro (catalogue.md; S0 and S2; kie.md 7.1). Two of the three variants cost more than their price."""

from __future__ import annotations

from typing import Literal

from generations.catalog import fields
from generations.catalog.priced import ClipVideo, Market
from generations.catalog.rules import Rule


class HailuoInput(fields.Input):
    prompt: str = fields.prompt(most=5000, help="How the image should move.")
    image_url: fields.ImageRef = fields.image("Image", help="The image to animate.")
    duration: Literal["6", "10"] = fields.choice(
        "Seconds", default="6", help="Length of the video in seconds; 10 only at 768P."
    )
    resolution: Literal["768P", "1080P"] = fields.choice(
        "Resolution", default="1080P", help="Lines of the picture; 1080P only with 6 seconds."
    )


class Hailuo23Pro(Market, ClipVideo):
    slug = "hailuo-2.3-pro"
    name = "Hailuo 2.3 Pro"
    summary = "Lifelike motion from one image."
    position = 20
    provider_model = "hailuo/2-3-image-to-video-pro"
    Input = HailuoInput
    rules = (
        Rule(
            when="resolution",
            values=("1080P",),
            then="duration",
            allowed=("6",),
            message="duration 10 is not offered with resolution 1080P; take duration 6 or resolution 768P",
        ),
    )
    price_fields = ("duration", "resolution")
    rates = {"6-768P": 220_000, "10-768P": 450_000, "6-1080P": 390_000}
    costs = {"6-768P": 225_000, "10-768P": 450_000, "6-1080P": 400_000}  # 45, 90, 80 credits
    typical_seconds = 180
    example = {
        "prompt": "A graceful geisha performs a traditional Japanese dance indoors.",
        "image_url": "https://example.com/geisha.webp",
        "duration": "6",
        "resolution": "768P",
    }


ENTRIES = (Hailuo23Pro(),)
