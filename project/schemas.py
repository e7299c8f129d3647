"""Shapes that many answers share, as pydantic models: they are read for the OpenAPI document, and every answer of
every test is held against it (tests/api/conformity.py). An answer is a closed list of fields."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model

Schema = dict[str, Any]

TIME = "2026-01-31T09:30:00Z"
HEX = "0f8b2c4d6e8a4f0c9b1d3e5f7a9c1b3d"
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z$"
_EXACT = r"^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$"
_AMOUNT = r"^[0-9]{1,9}(\.[0-9]{1,6})?$"


class Answer(BaseModel):
    """What an answer is: exactly these fields. A field without a default is always there, be it null."""

    model_config = ConfigDict(extra="forbid")


def ident(prefix: str) -> Schema:
    """The schema of a public id: `gen_` and 32 hex digits."""
    return {"type": "string", "pattern": f"^{prefix}_[0-9a-f]{{32}}$", "examples": [f"{prefix}_{HEX}"]}


Time = Annotated[
    str, WithJsonSchema({"type": "string", "format": "date-time", "pattern": _TIME, "examples": [TIME]})
]  # RFC 3339, UTC
Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-01-31"]})]
Url = Annotated[
    str, WithJsonSchema({"type": "string", "format": "uri", "examples": ["https://framehouse.example/media/0f8b2c"]})
]
Whole = Annotated[int, WithJsonSchema({"type": "integer", "minimum": 0, "examples": [1]})]


def answer_id(prefix: str) -> Any:
    """For `Annotated[str, answer_id("gen")]`."""
    return WithJsonSchema(ident(prefix))


class Money(Answer):
    """An amount in both units, as exact decimal texts: 1 credit is 0.005 US dollars."""

    usd: Annotated[str, Field(pattern=_EXACT, examples=["0.21"])]
    credits: Annotated[str, Field(pattern=_EXACT, examples=["42"])]


MONEY_IN: Schema = {
    "type": "object",
    "description": "An amount as an exact decimal text, in US dollars or in credits; both only when they agree.",
    "properties": {
        "usd": {"type": "string", "pattern": _AMOUNT, "examples": ["0.30"]},
        "credits": {"type": "string", "pattern": _AMOUNT, "examples": ["60"]},
    },
    "minProperties": 1,
    "additionalProperties": False,
    "examples": [{"usd": "0.30"}],
}

METADATA: Schema = {
    "type": "object",
    "propertyNames": {"pattern": r"^[A-Za-z0-9_.\-]{1,40}$"},
    "additionalProperties": {"type": "string", "maxLength": 500},
    "maxProperties": 20,
    "examples": [{"shot": "12"}],
}
WEBHOOK_URL: Schema = {
    "type": "string",
    "format": "uri",
    "description": "A public https address that is told of this generation's events.",
    "minLength": 1,
    "maxLength": 2048,
    "examples": ["https://example.com/hooks/framehouse"],
}


class FieldProblem(Answer):
    """One thing wrong with one field."""

    path: Annotated[str, Field(description="Dotted from the body's root; a parameter's name; empty: the whole body.")]
    message: str
    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", examples=["missing"])]


class Problem(Answer):
    """RFC 9457 problem details. Branch on `code`; `detail` is for people and may be reworded."""

    type: Annotated[str, Field(pattern=r"^urn:framehouse:problem:[a-z][a-z_]*$")]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    retryable: Annotated[bool, Field(description="Whether the same request may succeed later.")]
    errors: list[FieldProblem]


class LimitHolder(Answer):
    """Whose limit it is: the team, a member or a key."""

    id: str
    name: str


class Shortage(Answer):
    """One limit that left too little."""

    limit_kind: Literal["wallet", "key_day", "key_month", "member_day", "member_month", "stop_at"]
    limit_of: LimitHolder
    needed: Money
    available: Money
    used: Money
    held: Money
    limit: Money
    base_limit: Annotated[Money, Field(description="The limit without raises.")]
    raised_until: Time | None
    missing: Money
    resets_at: Time | None
    raised_by: Annotated[list[str], Field(description="The roles that can raise it or add to it.")]


class Fitting(Answer):
    """The dearest variant of the same request that still fits: the fields to change, and its price."""

    input: dict[str, Any]
    price: Money


class PaymentProblem(Problem):
    """402: the tightest limit, and below `limits` every one that blocks."""

    limit_kind: Annotated[str, Field(default=None)]
    limit_of: Annotated[LimitHolder, Field(default=None)]
    needed: Annotated[Money, Field(default=None)]
    available: Annotated[Money, Field(default=None)]
    used: Annotated[Money, Field(default=None)]
    held: Annotated[Money, Field(default=None)]
    limit: Annotated[Money, Field(default=None)]
    base_limit: Annotated[Money, Field(default=None)]
    raised_until: Annotated[Time | None, Field(default=None)]
    missing: Annotated[Money, Field(default=None)]
    resets_at: Annotated[Time | None, Field(default=None)]
    raised_by: Annotated[list[str], Field(default=None)]
    limits: Annotated[list[Shortage], Field(default=None)]
    fits: Annotated[Fitting | None, Field(default=None)]


class PriceNow(Answer):
    """A fresh quote in place of one that has expired: of one request, or of a batch."""

    id: Annotated[str, WithJsonSchema({**ident("qt"), "pattern": "^(qt|bqt)_[0-9a-f]{32}$"})]
    price: Money


class UploadRoom(Answer):
    """Room for uploads."""

    bytes: Whole
    files: Whole


class ConflictProblem(Problem):
    """409: what stands in the way; with some codes, what it would cost now."""

    quote: Annotated[PriceNow, Field(default=None, description="With `quote_expired`: a fresh one.")]
    price: Annotated[Money, Field(default=None, description="With `max_price_exceeded`.")]
    hold: Annotated[Money, Field(default=None, description="With `max_price_exceeded`: the most it may cost.")]
    max_price: Annotated[Money, Field(default=None)]
    used: Annotated[UploadRoom, Field(default=None, description="With `upload_quota_exceeded`: what is kept now.")]
    limit: Annotated[UploadRoom, Field(default=None, description="With `upload_quota_exceeded`: the most at once.")]
    generation: Annotated[str, Field(default=None, description="With `in_use`: an open one that needs the upload.")]


class RateLimitReached(Answer):
    """At most `requests` in any `seconds`."""

    policy: Annotated[
        Literal["key", "team", "address", "failed-keys", "webhook-test", "webhook-redelivery"],
        Field(description="As in RateLimit-Policy, where it stands there."),
    ]
    requests: int
    seconds: int


class RateProblem(Problem):
    """429: which limit, beside Retry-After."""

    rate_limit: RateLimitReached


class Page(Answer):
    """One page of a list; follow `next` until it is null."""

    next: Annotated[Url | None, Field(description="The address of the next page; null at the end.")]
    previous: Annotated[Url | None, Field(description="The address of the page before; null at the beginning.")]


def page_of(item: type[BaseModel]) -> type[Page]:
    """The page of a list of `item`, named after it: `GenerationPage`."""
    fields: dict[str, Any] = {"results": (list[item], ...)}  # type: ignore[valid-type]
    made: type[Page] = create_model(f"{item.__name__}Page", __base__=Page, __doc__=Page.__doc__, **fields)
    return made


class NoFields(Answer):
    """An empty object: this call takes no fields."""
