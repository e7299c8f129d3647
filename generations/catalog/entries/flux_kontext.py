"""Flux Kontext Pro and Max (catalogue.md; kie.md 1.3 and 7.3): an endpoint and a flat body of their own."""

from __future__ import annotations

from typing import Any, Literal

from generations.catalog import fields
from generations.catalog.base import Values
from generations.catalog.priced import Image
from generations.catalog.rules import Rule


class FluxInput(fields.Input):
    prompt: str = fields.prompt(most=5000, help="The image you want, or what to change in yours.")
    inputImage: fields.OptionalImageRef = fields.optional_image(
        "Image", help="The image to edit. Left out, an image is made from the text alone."
    )
    aspectRatio: Literal["21:9", "16:9", "4:3", "1:1", "3:4", "9:16"] = fields.choice(
        "Aspect ratio", default="16:9", help="Shape of the result."
    )
    outputFormat: Literal["jpeg", "png"] = fields.choice("Format", default="jpeg", help="File format of the result.")
    promptUpsampling: bool = fields.switch(
        "Expand the prompt", default=False, help="Let the model add detail to the prompt; may take longer."
    )
    safetyTolerance: int = fields.number(
        "Safety tolerance", least=0, most=6, default=2, help="0 is strictest; with an image to edit at most 2."
    )
    enableTranslation: bool = fields.switch(
        "Translate", default=True, help="Translate a prompt that is not in English."
    )


class FluxKontext(Image):
    provider = "kie"
    family = "flux"
    Input = FluxInput
    rules = (
        Rule(
            when="inputImage",
            then="safetyTolerance",
            maximum=2,
            message="safetyTolerance must be at most 2 when inputImage is given",
        ),
    )
    typical_seconds = 20
    example = {
        "prompt": "A serene mountain lake at sunrise.",
        "aspectRatio": "16:9",
        "outputFormat": "jpeg",
        "promptUpsampling": False,
        "safetyTolerance": 2,
        "enableTranslation": True,
    }

    def body(self, input: Values) -> dict[str, Any]:
        return {"model": self.provider_model, **input}


class FluxKontextPro(FluxKontext):
    slug = "flux-kontext-pro"
    name = "Flux Kontext Pro"
    summary = "Makes an image from text, or edits one as told."
    position = 110
    provider_model = "flux-kontext-pro"
    rates = {"image": 25_000}
    costs = {"image": 25_000}  # 5 credits


class FluxKontextMax(FluxKontext):
    slug = "flux-kontext-max"
    name = "Flux Kontext Max"
    summary = "The finer Kontext, for hard scenes and for text in the image."
    position = 120
    provider_model = "flux-kontext-max"
    rates = {"image": 50_000}
    costs = {"image": 50_000}  # 10 credits


ENTRIES = (FluxKontextPro(), FluxKontextMax())
