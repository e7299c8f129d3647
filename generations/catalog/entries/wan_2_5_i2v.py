"""Wan 2.5, image to video (catalogue.md; S0 and S2; kie.md 7.1)."""

from __future__ import annotations

from typing import Literal

from generations.catalog import fields
from generations.catalog.priced import Market, SecondVideo


class Wan25Input(fields.Input):
    prompt: str = fields.prompt(most=800, help="The motion you want, sound and speech included.")
    image_url: fields.ImageRef = fields.image("First frame", help="The image that the video starts from.")
    duration: Literal["5", "10"] = fields.choice("Seconds", default="5", help="Length of the video in seconds.")
    resolution: Literal["720p", "1080p"] = fields.choice("Resolution", default="1080p", help="Lines of the picture.")
    negative_prompt: str = fields.text("Avoid", most=500, help="What should not be seen.")
    enable_prompt_expansion: bool = fields.switch(
        "Expand the prompt", default=True, help="Let a language model rewrite the prompt with more detail."
    )
    seed: int = fields.seed()


class Wan25(Market, SecondVideo):
    slug = "wan-2.5-i2v"
    name = "Wan 2.5 (I2V)"
    summary = "Video with sound from a first frame."
    position = 30
    provider_model = "wan/2-5-image-to-video"
    Input = Wan25Input
    price_fields = ("duration", "resolution")
    rates = {"720p": 60_000, "1080p": 100_000}
    costs = {"720p": 60_000, "1080p": 100_000}  # 12 and 20 credits a second
    example = {
        "prompt": "The same woman looks into the camera, takes a breath and smiles.",
        "image_url": "https://example.com/woman.webp",
        "duration": "5",
        "resolution": "1080p",
        "enable_prompt_expansion": True,
    }


ENTRIES = (Wan25(),)
