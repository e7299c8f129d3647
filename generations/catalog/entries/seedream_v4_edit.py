"""Seedream V4 Edit (catalogue.md; S0 and S2; kie.md 7.3): charged by the images that come back."""

from __future__ import annotations

from typing import Literal

from generations.catalog import fields
from generations.catalog.priced import Image, Market

SIZES = {
    "square": "Square",
    "square_hd": "Square HD",
    "portrait_4_3": "Portrait 3:4",
    "portrait_3_2": "Portrait 2:3",
    "portrait_16_9": "Portrait 9:16",
    "landscape_4_3": "Landscape 4:3",
    "landscape_3_2": "Landscape 3:2",
    "landscape_16_9": "Landscape 16:9",
    "landscape_21_9": "Landscape 21:9",
}


class SeedreamInput(fields.Input):
    prompt: str = fields.prompt(most=5000, help="What to change. For several images, say how many you want.")
    image_urls: list[fields.ImageRef] = fields.images("Images", least=1, most=10, help="The images to edit.")
    image_size: Literal[
        "square",
        "square_hd",
        "portrait_4_3",
        "portrait_3_2",
        "portrait_16_9",
        "landscape_4_3",
        "landscape_3_2",
        "landscape_16_9",
        "landscape_21_9",
    ] = fields.choice("Shape", default="square_hd", help="Shape of the result; portrait_4_3 means 3:4.", labels=SIZES)
    image_resolution: Literal["1K", "2K", "4K"] = fields.choice(
        "Resolution", default="1K", help="Size of the result; with the shape it gives the pixels."
    )
    max_images: int = fields.number(
        "Images at most",
        least=1,
        most=6,
        default=1,
        help="The prompt must ask for this number too. You pay for the images that come back.",
    )
    seed: int = fields.seed()


class SeedreamV4Edit(Market, Image):
    slug = "seedream-v4-edit"
    name = "Seedream V4 Edit"
    summary = "Edits images, up to six results at once."
    position = 100
    provider_model = "bytedance/seedream-v4-edit"
    Input = SeedreamInput
    count_field = "max_images"
    price_fields = ("max_images",)
    rates = {"image": 17_500}
    costs = {"image": 17_500}  # 3.5 credits
    example = {
        "prompt": "Refer to this logo and create a single visual showcase for an outdoor sports brand.",
        "image_urls": ["https://example.com/logo.png"],
        "image_size": "square_hd",
        "image_resolution": "1K",
        "max_images": 1,
    }


ENTRIES = (SeedreamV4Edit(),)
