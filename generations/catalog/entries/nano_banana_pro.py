"""Nano Banana Pro (catalogue.md; S0 only; kie.md 7.3): one price, but 4K costs the house more."""

from __future__ import annotations

from typing import Literal

from generations.catalog import fields
from generations.catalog.base import Values
from generations.catalog.priced import Image, Market


class NanoBananaProInput(fields.Input):
    prompt: str = fields.prompt(most=5000, help="The image you want, or what to change.")
    image_input: list[fields.ImageRef] = fields.images(
        "Images", least=0, most=8, help="Images to edit or to take as references. May be left out."
    )
    aspect_ratio: Literal["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"] = fields.choice(
        "Aspect ratio", default="1:1", help="Shape of the result."
    )
    resolution: Literal["1K", "2K", "4K"] = fields.choice("Resolution", default="1K", help="Size of the result.")
    output_format: Literal["png", "jpg"] = fields.choice("Format", default="png", help="File format of the result.")


class NanoBananaPro(Market, Image):
    slug = "nano-banana-pro"
    name = "Nano Banana Pro"
    summary = "Makes and edits images with legible text, up to 4K."
    position = 90
    provider_model = "nano-banana-pro"
    Input = NanoBananaProInput
    price_fields = ("resolution",)
    rates = {"1K": 120_000, "2K": 120_000, "4K": 120_000}
    costs = {"1K": 90_000, "2K": 90_000, "4K": 120_000}  # 18, 18, 24 credits
    typical_seconds = 45
    example = {
        "prompt": "Comic poster: cool banana hero in shades leaps from sci-fi pad.",
        "image_input": [],
        "aspect_ratio": "1:1",
        "resolution": "1K",
        "output_format": "png",
    }

    def variant(self, input: Values) -> str:
        return str(input["resolution"])

    def label(self, input: Values) -> str:
        return f"1 image, {input['resolution']}"


ENTRIES = (NanoBananaPro(),)
