"""Seedance V1 Pro (catalogue.md; S0 and S2; kie.md 7.1)."""

from __future__ import annotations

from typing import Literal

from generations.catalog import fields
from generations.catalog.priced import Market, SecondVideo


class SeedanceInput(fields.Input):
    prompt: str = fields.prompt(most=10000, help="What happens in the video.")
    image_url: fields.ImageRef = fields.image("Image", help="The image that the video starts from.")
    resolution: Literal["480p", "720p", "1080p"] = fields.choice(
        "Resolution", default="1080p", help="480p is faster, 1080p is finer."
    )
    duration: Literal["5", "10"] = fields.choice("Seconds", default="5", help="Length of the video in seconds.")
    camera_fixed: bool = fields.switch("Fixed camera", default=False, help="Keep the camera in one place.")
    seed: int = fields.seed(least=-1, most=fields.SEED_MAX, default=-1)
    enable_safety_checker: bool = fields.switch("Safety checker", default=True, help="Refuse unsafe content.")


class SeedanceV1Pro(Market, SecondVideo):
    slug = "seedance-v1-pro"
    name = "Seedance V1 Pro"
    summary = "Smooth video from one image, priced by the second."
    position = 60
    provider_model = "bytedance/v1-pro-image-to-video"
    Input = SeedanceInput
    price_fields = ("duration", "resolution")
    rates = {"480p": 14_000, "720p": 30_000, "1080p": 70_000}
    costs = {"480p": 14_000, "720p": 30_000, "1080p": 70_000}  # 2.8, 6, 14 credits a second
    typical_seconds = 90
    example = {
        "prompt": "A golden retriever dashing through shallow surf at the beach.",
        "image_url": "https://example.com/dog.webp",
        "resolution": "720p",
        "duration": "5",
        "camera_fixed": False,
        "seed": -1,
        "enable_safety_checker": True,
    }


ENTRIES = (SeedanceV1Pro(),)
