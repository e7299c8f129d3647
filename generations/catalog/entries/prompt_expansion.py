"""Prompt expansion with and without images (catalogue.md; S0; fal.md 7.2): priced by actual use."""

from __future__ import annotations

from generations.catalog import fields
from generations.catalog.metered import Metered

DEFAULT_MODEL = "google/gemini-2.5-flash"
RATES = {f"{DEFAULT_MODEL}:input": 300_000, f"{DEFAULT_MODEL}:output": 2_500_000}  # a million tokens


class TextInput(fields.Input):
    model: str = fields.language_model(default=DEFAULT_MODEL)
    prompt: str = fields.prompt(most=10000, help="What the language model should write.")
    system_prompt: str = fields.text("Instructions", most=4000, help="How it should write.")
    temperature: fields.UnitFloat = fields.temperature()
    max_tokens: int = fields.number(
        "Longest answer", least=1, most=4096, default=1024, help="In tokens; a token is about four letters."
    )


class VisionInput(fields.Input):
    model: str = fields.language_model(default=DEFAULT_MODEL)
    prompt: str = fields.prompt(most=10000, help="What the language model should say about the images.")
    image_urls: list[fields.ImageRef] = fields.images("Images", least=1, most=10, help="The images to look at.")
    system_prompt: str = fields.text("Instructions", most=4000, help="How it should write.")
    temperature: fields.UnitFloat = fields.temperature()
    max_tokens: int = fields.number(
        "Longest answer", least=1, most=4096, default=1024, help="In tokens; a token is about four letters."
    )


class PromptExpansionVision(Metered):
    slug = "prompt-expansion-vision"
    name = "Fal VLM"
    summary = "Writes a better prompt from your words and images."
    position = 140
    provider_model = "openrouter/router/vision"
    Input = VisionInput
    rates = RATES
    example = {
        "model": DEFAULT_MODEL,
        "prompt": "Describe this image for an edit prompt.",
        "image_urls": ["https://example.com/in.png"],
        "system_prompt": "Be concise.",
        "temperature": 1,
    }


class PromptExpansionText(Metered):
    slug = "prompt-expansion-text"
    name = "Fal LLM"
    summary = "Writes a better prompt from your words."
    position = 150
    provider_model = "openrouter/router"
    Input = TextInput
    rates = RATES
    example = {
        "model": DEFAULT_MODEL,
        "prompt": "Write a story about a lighthouse.",
        "system_prompt": "Be concise.",
        "temperature": 1,
    }


ENTRIES = (PromptExpansionVision(), PromptExpansionText())
