"""Nano Banana Edit (catalogue.md; S0 and S2; kie.md 7.3)."""

from __future__ import annotations

from typing import Literal

from generations.catalog import fields
from generations.catalog.priced import Image, Market


class NanoBananaEditInput(fields.Input):
    prompt: str = fields.prompt(most=5000, help="What to change.")
    image_urls: list[fields.ImageRef] = fields.images("Images", least=1, most=10, help="The images to edit.")
    output_format: Literal["png", "jpeg"] = fields.choice("Format", default="png", help="File format of the result.")
    image_size: Literal["1:1", "9:16", "16:9", "3:4", "4:3", "3:2", "2:3", "5:4", "4:5", "21:9", "auto"] = (
        fields.choice("Aspect ratio", default="1:1", help="Shape of the result.")
    )


class NanoBananaEdit(Market, Image):
    slug = "nano-banana-edit"
    name = "Nano Banana Edit"
    summary = "Edits one image or blends several."
    position = 80
    provider_model = "google/nano-banana-edit"
    Input = NanoBananaEditInput
    rates = {"image": 20_000}
    costs = {"image": 20_000}  # 4 credits
    example = {
        "prompt": "Turn this photo into a character figure.",
        "image_urls": ["https://example.com/photo.png"],
        "output_format": "png",
        "image_size": "1:1",
    }


ENTRIES = (NanoBananaEdit(),)
