"""Qwen Image Edit Plus (catalogue.md; S0; fal.md 7.1): charged by the images that come back."""

from __future__ import annotations

from typing import Any, Literal

from generations.catalog import fields
from generations.catalog.base import Values
from generations.catalog.priced import Image


class QwenInput(fields.Input):
    prompt: str = fields.prompt(most=5000, help="What to change.")
    image_urls: list[fields.ImageRef] = fields.images("Images", least=1, most=10, help="The images to edit.")
    image_size: Literal["square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"] = (
        fields.choice(
            "Shape",
            default="square_hd",
            help="Shape of the result; portrait_4_3 means 3:4.",
            labels={
                "square_hd": "Square HD",
                "square": "Square",
                "portrait_4_3": "Portrait 3:4",
                "portrait_16_9": "Portrait 9:16",
                "landscape_4_3": "Landscape 4:3",
                "landscape_16_9": "Landscape 16:9",
            },
        )
    )
    output_format: Literal["png", "jpeg"] = fields.choice("Format", default="png", help="File format of the result.")
    seed: int = fields.seed()
    enable_safety_checker: bool = fields.switch("Safety checker", default=True, help="Refuse unsafe content.")
    num_images: int = fields.number(
        "Images", least=1, most=4, default=1, help="How many results. You pay for the images that come back."
    )


class QwenImageEditPlus(Image):
    slug = "qwen-image-edit-plus"
    name = "Qwen Image Edit Plus"
    summary = "Edits images, up to four results at once."
    position = 130
    provider = "fal"
    family = "fal"
    provider_model = "fal-ai/qwen-image-edit-plus"
    Input = QwenInput
    count_field = "num_images"
    price_fields = ("num_images",)
    rates = {"image": 30_000}
    costs = {"image": 30_000}  # the dollar rate; the true cost comes from billable units
    typical_seconds = 20
    example = {
        "prompt": "make it snowy",
        "image_urls": ["https://example.com/street.png"],
        "image_size": "square_hd",
        "output_format": "png",
        "enable_safety_checker": True,
        "num_images": 1,
    }

    def body(self, input: Values) -> dict[str, Any]:
        return dict(input)


ENTRIES = (QwenImageEditPlus(),)
