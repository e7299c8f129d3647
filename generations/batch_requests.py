"""Bodies of POST /generations/batch and POST /quotes/batch: a list of requests, or a grid that makes one.

Whether a body has the right fields is judged whole; model, input and address of each item are judged item by item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator
from pydantic.config import JsonDict

from generations.batch_items import Item
from generations.batches import Order
from generations.models.batches import MOST_ITEMS, BatchMode
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
from project.errors import FieldError, Invalid
from project.schemas import METADATA, MONEY_IN, WEBHOOK_URL, Schema, ident
from project.text import clean_name

LONGEST_NAME = 120
_LIST = f"must be a list of 1 to {MOST_ITEMS}"
BATCH_SENTENCES = {
    "requests": f"{_LIST} requests",
    "requests.model": "must be the slug of a model, as text",
    "requests.input": "must be an object of the model's input fields",
    "requests.max_price": SENTENCES["max_price"],
    "requests.metadata": SENTENCES["metadata"],
    "requests.webhook_url": SENTENCES["webhook_url"],
    "grid": "must be an object of models, prompts and, if wanted, settings",
    "grid.models": f"{_LIST} slugs of models",
    "grid.prompts": f"{_LIST} texts",
    "grid.settings": f"{_LIST} objects of input fields",
    "mode": "must be all or fit",
    "stop_at": SENTENCES["max_price"],
    "quote": "must be the id of a quote of a batch (bqt_...)",
    "name": f"must be a text of 1 to {LONGEST_NAME} characters that can be seen",
    "metadata": SENTENCES["metadata"],
    "webhook_url": SENTENCES["webhook_url"],
}

ABSENT: Any = None  # a default is not validated; null that is given is
_ONE_OF: JsonDict = {"oneOf": [{"required": ["requests"]}, {"required": ["grid"]}]}
_CELL: Schema = {"type": "object", "propertyNames": {"not": {"const": "prompt"}}, "additionalProperties": True}

Metadata = Annotated[
    dict[MetadataKey, MetadataValue], Field(max_length=MOST_METADATA), WithJsonSchema({**METADATA, "default": {}})
]
WebhookUrl = Annotated[str, Field(min_length=1, max_length=LONGEST_URL), WithJsonSchema(WEBHOOK_URL)]
Amount = Annotated[int | None, BeforeValidator(money), WithJsonSchema(MONEY_IN)]
Name = Annotated[
    str,
    AfterValidator(lambda text: clean_name(text, longest=LONGEST_NAME)),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": LONGEST_NAME, "examples": ["Autumn campaign"]}),
]
Many = Field(min_length=1, max_length=MOST_ITEMS)


class _Given(Body):
    """What is given is a value: None only where nothing was."""

    @field_validator("requests", "grid", "quote", mode="before", check_fields=False)
    @classmethod
    def _given(cls, value: object) -> object:
        if value is None:
            raise ValueError("leave it out instead")
        return value


class BatchQuoteItem(Body):
    """One request: a model, and an input as the schema of that model says; each is judged by itself."""

    model: Annotated[str, Field(max_length=100, examples=["veo-3.1-fast"])]
    input: Annotated[dict[str, Any], Field(examples=[{"prompt": "A lighthouse in a storm"}])]


class BatchItem(BatchQuoteItem):
    """One request, with what is its own beside the batch's; its metadata win over the batch's of the same name."""

    max_price: Amount = None
    metadata: Metadata = Field(default={})
    webhook_url: WebhookUrl = ""


class Grid(Body):
    """Every model with every prompt with every settings, in that order, at most 100 in all; each settings object
    stands beside the prompt in the input."""

    models: Annotated[list[Annotated[str, Field(max_length=100)]], Many, Field(examples=[["flux-kontext-pro"]])]
    prompts: Annotated[list[str], Many, Field(examples=[["A lighthouse in a storm", "A harbor at dawn"]])]
    settings: Annotated[list[Annotated[dict[str, Any], WithJsonSchema(_CELL)]], Many] = Field(default=[{}])


class BatchQuoteRequest(_Given):
    """A list of requests, or a grid that makes one."""

    model_config = ConfigDict(json_schema_extra=_ONE_OF)

    requests: Annotated[list[BatchQuoteItem], Many] = Field(default=ABSENT)
    grid: Grid = Field(default=ABSENT)


class BatchRequest(_Given):
    """A list of requests, or a grid that makes one, and what is to be done when not all of it can be had."""

    model_config = ConfigDict(json_schema_extra=_ONE_OF)

    requests: Annotated[list[BatchItem], Many] = Field(default=ABSENT)
    grid: Grid = Field(default=ABSENT)
    mode: Annotated[
        Literal["all", "fit"], Field(description="All of it or nothing; or, in order, what fits.", examples=["fit"])
    ] = "all"
    stop_at: Annotated[Amount, Field(description="The most that may be held for the batch in sum.")] = None
    quote: Annotated[str | None, Field(max_length=64), WithJsonSchema(ident("bqt"))] = None
    name: Name = ""
    metadata: Metadata = Field(default={})
    webhook_url: WebhookUrl = ""


def quote(body: object) -> list[Item]:
    """The body of POST /quotes/batch. Raises Invalid."""
    found = read(BatchQuoteRequest, body, sentences=BATCH_SENTENCES)
    asked = [Request(model=each.model, input=each.input) for each in found.requests or ()]
    return _items(asked, found.grid, {}, "")


def batch(body: object, *, idempotency: tuple[str, str] | None) -> Order:
    """The body of POST /generations/batch; `idempotency` is (key, fingerprint). Raises Invalid."""
    found = read(BatchRequest, body, sentences=BATCH_SENTENCES)
    asked = [
        Request(
            model=each.model,
            input=each.input,
            max_price=each.max_price,
            metadata=found.metadata | each.metadata,
            webhook_url=each.webhook_url or found.webhook_url,
        )
        for each in found.requests or ()
    ]
    return Order(
        items=_items(asked, found.grid, found.metadata, found.webhook_url),
        mode=BatchMode(found.mode),
        stop_at=found.stop_at,
        quote_id=found.quote,
        name=found.name,
        webhook_url=found.webhook_url,
        idempotency=idempotency,
    )


def _items(asked: Sequence[Request], grid: Grid | None, metadata: Mapping[str, str], webhook_url: str) -> list[Item]:
    if bool(asked) == bool(grid):
        raise _wrong("requests", "give either requests or grid", "conflict" if grid else "missing")
    crowded = [
        FieldError(f"requests.{index}.metadata", f"with the batch's own it has more than {MOST_METADATA}", "too_long")
        for index, request in enumerate(asked)
        if len(request.metadata) > MOST_METADATA
    ]
    if crowded:
        raise Invalid("The request has errors.", errors=crowded)
    if grid is None:
        return [Item(index, request) for index, request in enumerate(asked)]
    size = len(grid.models) * len(grid.prompts) * len(grid.settings)
    if size > MOST_ITEMS:
        raise _wrong("grid", f"makes {size} requests; a batch has at most {MOST_ITEMS}", "too_long")
    for place, settings in enumerate(grid.settings):
        if "prompt" in settings:
            raise _wrong(f"grid.settings.{place}.prompt", "stands in prompts", "conflict")
    cells = product(enumerate(grid.models), enumerate(grid.prompts), enumerate(grid.settings))
    return [
        Item(
            index,
            Request(
                model=model,
                input={**settings, "prompt": prompt},
                metadata=dict(metadata),
                webhook_url=webhook_url,
            ),
            (m, p, s),
        )
        for index, ((m, model), (p, prompt), (s, settings)) in enumerate(cells)
    ]


def _wrong(path: str, message: str, code: str) -> Invalid:
    return Invalid("The request has errors.", errors=[FieldError(path, message, code)])
