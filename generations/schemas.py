"""The answers of the product's calls, for the OpenAPI document (see project.schemas)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from generations import catalog
from generations.models.generation import Reason, Status
from project.schemas import METADATA, TIME, Answer, Money, Schema, Time, Url, Whole, answer_id, ident, page_of

GenerationId = Annotated[str, answer_id("gen")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*$", examples=["veo-3.1-fast"])]
INPUT = {"prompt": "A lighthouse in a storm, waves breaking over the rocks"}
Input = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": True,
            "description": "As the model's input schema says, defaults filled in.",
            "examples": [INPUT],
        }
    ),
]
Metadata = Annotated[dict[str, str], WithJsonSchema(METADATA)]


class PriceLine(Answer):
    """One line of a price: `quantity` units at `unit_price` for every `per` of them."""

    label: Annotated[str, Field(examples=["Veo 3.1 Fast video"])]
    quantity: Whole
    unit: Annotated[str, Field(examples=["video"])]
    unit_price: Money
    per: Annotated[int, Field(ge=1, examples=[1])]
    amount: Money


class PriceExample(Answer):
    """What one choice of the fields that move the price costs."""

    label: str
    input: Input
    price: Money


class PriceTable(Answer):
    """What a model costs: money per `per` units, by variant."""

    unit: Literal["video", "second", "image", "token"]
    per: Literal[1, 1_000_000]
    rates: dict[str, Money]
    examples: list[PriceExample]


class Model(Answer):
    """A model on offer."""

    slug: Slug
    name: Annotated[str, Field(examples=["Veo 3.1 Fast"])]
    kind: Literal["video", "image", "text"]
    available: Annotated[bool, Field(description="Whether it can be used right now.", examples=[True])]
    note: Annotated[
        str,
        Field(description="Why it cannot be used right now; else empty, or when nobody said.", examples=[""]),
    ]
    typical_seconds: Annotated[int, Field(ge=1, description="How long it usually takes.", examples=[90])]
    input_schema: Annotated[
        dict[str, Any],
        WithJsonSchema(
            {
                "type": "object",
                "additionalProperties": True,
                "description": "JSON Schema 2020-12 of `input`: fields, limits, defaults, rules between fields.",
            }
        ),
    ]
    price: PriceTable


class Quote(Answer):
    """A price that binds for 10 minutes: give its id to POST /generations."""

    id: Annotated[str, answer_id("qt")]
    model: Slug
    input: Input
    lines: list[PriceLine]
    price: Money
    hold: Annotated[Money, Field(description="The most that may be charged; held until the end.")]
    expires_at: Time


class Output(Answer):
    """One file that was made."""

    url: Annotated[Url, Field(description="Works for 24 hours; every look at the generation makes a new one.")]
    kind: Literal["video", "image"]
    content_type: Annotated[str, Field(examples=["video/mp4"])]
    width: Annotated[int | None, Field(examples=[1280])]
    height: Annotated[int | None, Field(examples=[720])]
    duration: Annotated[float | None, Field(description="Seconds; null for an image.", examples=[8.0])]
    bytes: Annotated[int, Field(ge=1, examples=[2_400_000])]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$", examples=["9f" * 32])]


class Failure(Answer):
    """Why it failed. Nothing was charged."""

    code: Reason
    message: str
    retryable: bool


class GenerationUrls(Answer):
    """Where to go from here."""

    self: Url
    events: Url
    receipt: Url
    cancel: Url
    web: Annotated[Url, Field(description="The page for people.")]


class Generation(Answer):
    """One request from its acceptance to its delivered, charged result."""

    id: GenerationId
    model: Slug
    status: Annotated[
        Status,
        Field(description="Ended: succeeded, failed, canceled. All others are under way.", examples=["succeeded"]),
    ]
    input: Input
    outputs: Annotated[list[Output], Field(description="Filled when it has succeeded, until they are deleted.")]
    text: Annotated[str | None, Field(description="What a language model wrote; null otherwise.", examples=[None])]
    outputs_deleted_at: Annotated[
        Time | None, Field(description="When your team deleted what it made; null otherwise.", examples=[None])
    ]
    error: Annotated[Failure | None, Field(examples=[None])]
    price: Money
    held: Annotated[Money, Field(description="What is set aside for it now; 0 once it has ended.")]
    charged: Money
    refunded: Annotated[Money, Field(description="What of the hold went back at the end.")]
    metadata: Metadata
    created_at: Time
    submitted_at: Time | None
    finished_at: Time | None
    expires_at: Annotated[Time, Field(description="By then it has ended, whatever happens.")]
    waits_for: Annotated[
        str | None,
        Field(
            description="Why it waits in the queue though its turn may have come: its model is paused. It is not lost,"
            " can be canceled, and ends by `expires_at`. Null otherwise.",
            examples=[None],
        ),
    ]
    urls: GenerationUrls


class EventData(Answer):
    """Numbers of what happened; which of them, depends on the kind."""

    held: Annotated[Money, Field(default=None)]
    charged: Annotated[Money, Field(default=None)]
    released: Annotated[Money, Field(default=None)]
    attempt: Annotated[int, Field(default=None)]
    delivered: Annotated[int, Field(default=None)]
    outputs: Annotated[int, Field(default=None)]
    dropped: Annotated[int, Field(default=None)]
    reason: Annotated[Reason, Field(default=None)]
    index: Annotated[int, Field(default=None)]
    bytes: Annotated[int, Field(default=None)]
    try_: Annotated[int, Field(default=None, alias="try")]


class GenerationEvent(Answer):
    """One line of a generation's history."""

    id: Annotated[str, Field(pattern="^[0-9]+$", examples=["1807"])]
    kind: Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$", examples=["accepted"])]
    data: EventData
    created_at: Time


class PaidWith(Answer):
    """Credit that paid for it."""

    kind: Literal["grant", "purchase"]
    label: str
    amount: Money
    since: Time


class Receipt(Answer):
    """What was held, delivered and charged, by which price and of which credit. Frozen at the end."""

    generation: GenerationId
    model: Slug
    price_version: Annotated[int, Field(ge=1)]
    lines: list[PriceLine]
    quoted: Money
    held: Money
    charged: Money
    released: Money
    requested: Whole
    delivered: Whole
    formula: Annotated[str, Field(description="One sentence with the numbers.", examples=["1 video x $0.30 = $0.30."])]
    settled_at: Time
    transfers: Annotated[list[str], Field(examples=[["hold:gen_0f8b", "capture:gen_0f8b"]])]
    held_at: Time
    captured_at: Time | None
    released_at: Time | None
    paid_with: list[PaidWith]


class Upload(Answer):
    """An image of yours; its `url` or `id` may stand in any image field."""

    id: Annotated[str, answer_id("upl")]
    url: Url
    content_type: Literal["image/jpeg", "image/png", "image/webp"]
    bytes: Annotated[
        int, Field(ge=1, examples=[154832], description="As it is stored: written anew, without metadata.")
    ]
    width: Annotated[int, Field(ge=1, examples=[1024])]
    height: Annotated[int, Field(ge=1, examples=[768])]
    created_at: Time
    expires_at: Annotated[Time, Field(description="When it goes unless it is used; each use puts that off.")]


class UploadRequest(Answer):
    """One part, `file`, with a file name."""

    file: Annotated[
        bytes,
        WithJsonSchema({"type": "string", "format": "binary", "description": "A jpeg, png or webp of at most 10 MB."}),
    ]


ModelPage = page_of(Model)
GenerationPage = page_of(Generation)
GenerationEventPage = page_of(GenerationEvent)
UploadPage = page_of(Upload)

SLUG: Schema = {
    "type": "string",
    "description": "The slug of a model.",
    "pattern": r"^[a-z0-9][a-z0-9.\-]{0,59}$",
    "examples": [next(iter(catalog.ENTRIES))],
}
MOMENT: Schema = {
    "type": "string",
    "format": "date-time",
    "description": "RFC 3339, with its offset.",
    "examples": [TIME],
}
GENERATION_FILTERS: dict[str, Schema] = {
    "status": {"type": "string", "enum": [str(status) for status in Status], "description": "Only those in it."},
    "model": {**SLUG, "description": "Only those of a model."},
    "created_after": {**MOMENT, "description": "Only later ones."},
    "created_before": {**MOMENT, "description": "Only earlier ones."},
    "key": {**ident("key"), "description": "Only those that this key made."},
    "member": {
        "type": "string",
        "format": "email",
        "maxLength": 254,
        "description": "Only those of the member with this address.",
    },
    "batch": {**ident("bat"), "description": "Only those of a batch."},
    "metadata.": {
        "type": "object",
        "description": "`metadata.shot=12`: only those whose metadata have that value; several must all hold.",
        "propertyNames": {"pattern": r"^metadata\.[A-Za-z0-9_.\-]{1,40}$"},
        "additionalProperties": {"type": "string", "maxLength": 500},
        "maxProperties": 20,
        "examples": [{"metadata.shot": "12"}],
    },
}
