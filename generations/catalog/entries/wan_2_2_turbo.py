"""Wan 2.2 A14B turbo (catalogue.md; S2 only; kie.md 7.1): five seconds, always, priced per second."""

from __future__ import annotations

from typing import Literal

from generations.catalog import fields
from generations.catalog.base import Values
from generations.catalog.priced import Market, SecondVideo

CLIP_SECONDS = 5


class Wan22Input(fields.Input):
    image_url: fields.ImageRef = fields.image(
        "Image", help="The image to animate; cropped in the middle when it does not have the aspect ratio."
    )
    prompt: str = fields.prompt(most=5000, help="What happens in the video.")
    resolution: Literal["480p", "580p", "720p"] = fields.choice(
        "Resolution", default="720p", help="Lines of the picture."
    )
    aspect_ratio: Literal["auto", "16:9", "9:16", "1:1"] = fields.choice(
        "Aspect ratio", default="auto", help="auto keeps the ratio of the image."
    )
    enable_prompt_expansion: bool = fields.switch(
        "Expand the prompt", default=False, help="Let a language model add detail to the prompt."
    )
    seed: int = fields.seed(least=0, most=fields.SEED_MAX)
    acceleration: Literal["none", "regular"] = fields.choice(
        "Acceleration", default="none", help="regular is faster and a little worse."
    )


class Wan22Turbo(Market, SecondVideo):
    slug = "wan-2.2-turbo"
    name = "Wan 2.2 Pro (A14B turbo)"
    summary = "A quick clip of five seconds from one image."
    position = 50
    provider_model = "wan/2-2-a14b-image-to-video-turbo"
    Input = Wan22Input
    price_fields = ("resolution",)
    rates = {"480p": 40_000, "580p": 60_000, "720p": 80_000}
    costs = {"480p": 40_000, "580p": 60_000, "720p": 80_000}  # 8, 12, 16 credits a second
    typical_seconds = 90
    example = {
        "image_url": "https://example.com/man.png",
        "prompt": "Low angle shot of a man in a black coat who walks towards the camera.",
        "resolution": "720p",
        "aspect_ratio": "auto",
        "enable_prompt_expansion": False,
        "seed": 0,
        "acceleration": "none",
    }

    def quantity(self, input: Values) -> int:
        return CLIP_SECONDS

    def label(self, input: Values) -> str:
        return f"{CLIP_SECONDS} s, {input['resolution']}"


ENTRIES = (Wan22Turbo(),)
