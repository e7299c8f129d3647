"""The body of POST /prompt-expansions. What the language model takes is the catalogue's to judge."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from generations import catalog, expansions
from generations.orders import Request
from generations.requests import (
    LONGEST_URL,
    MOST_METADATA,
    SENTENCES,
    Body,
    MetadataKey,
    MetadataValue,
    money,
    read,
)
from project.schemas import METADATA, MONEY_IN, WEBHOOK_URL

SENTENCES_HERE = {
    **SENTENCES,
    "style": f"must be a text of 1 to {expansions.LONGEST_STYLE} characters",
    "target": "must be video, image or the slug of a model that makes one of these",
}
_FIELDS = catalog.get(expansions.VISION).json_schema()["properties"]
_KINDS = {"type": "string", "enum": expansions.targets(), "description": "What the prompt is for."}
_WRITERS = {
    "type": "string",
    "enum": list(expansions.writers()),
    "description": "Who writes it; left out, the one that sees images when there are any.",
}


class PromptExpansionRequest(Body):
    """An idea, and how it is to become a prompt. The fields of the language model are the catalogue's."""

    prompt: Annotated[Any, WithJsonSchema({**_FIELDS["prompt"], "examples": ["a lighthouse in a storm"]})]
    target: Annotated[str, Field(max_length=60), WithJsonSchema(_KINDS)] = ""
    style: Annotated[
        str,
        Field(min_length=1, max_length=expansions.LONGEST_STYLE, description="In your words.", examples=["film noir"]),
    ] = ""
    model: Annotated[Any, WithJsonSchema(_WRITERS)] = None
    language_model: Annotated[Any, WithJsonSchema(_FIELDS["model"])] = None
    image_urls: Annotated[Any, WithJsonSchema(_FIELDS["image_urls"])] = None
    system_prompt: Annotated[
        Any,
        WithJsonSchema({**_FIELDS["system_prompt"], "description": "In place of our instructions, target and style."}),
    ] = None
    temperature: Annotated[Any, WithJsonSchema(_FIELDS["temperature"])] = None
    max_tokens: Annotated[Any, WithJsonSchema(_FIELDS["max_tokens"])] = None
    max_price: Annotated[int | None, BeforeValidator(money), WithJsonSchema(MONEY_IN)] = None
    metadata: Annotated[
        dict[MetadataKey, MetadataValue],
        Field(max_length=MOST_METADATA),
        WithJsonSchema({**METADATA, "default": {}}),
    ] = Field(default={})
    webhook_url: Annotated[str, Field(min_length=1, max_length=LONGEST_URL), WithJsonSchema(WEBHOOK_URL)] = ""


def expansion(body: object, *, idempotency: tuple[str, str] | None) -> Request:
    """The body as a request of a text; `idempotency` is (key, fingerprint). Raises Invalid."""
    found = read(PromptExpansionRequest, body, sentences=SENTENCES_HERE)
    slug, data = expansions.ask({name: getattr(found, name) for name in found.model_fields_set})
    return Request(
        model=slug,
        input=data,
        max_price=found.max_price,
        metadata=found.metadata,
        webhook_url=found.webhook_url,
        idempotency=idempotency,
    )
