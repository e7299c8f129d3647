"""Bodies of POST /quotes and POST /generations, read strictly into what the services take (design section 6).

Model and input are the catalogue's to judge; here stand the fields around them. A field is given or left out:
null is never a value. Every fault is told at once, with its path.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator

from generations.intake import Request
from project import bodies
from project.bodies import Body as Body
from project.money import from_credits, from_usd
from project.schemas import METADATA, MONEY_IN, WEBHOOK_URL, ident

MOST_METADATA, LONGEST_METADATA = 20, 500
LONGEST_URL = 2048

B = TypeVar("B", bound="Body")
MetadataKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-]{1,40}$")]
MetadataValue = Annotated[str, Field(max_length=LONGEST_METADATA)]

SENTENCES = {
    "quote": "must be the id of a quote (qt_...)",
    "max_price": 'must be money as an exact decimal text, such as {"usd": "0.30"}',
    "metadata": f"must be an object of at most {MOST_METADATA} names (1 to 40 of A-Z a-z 0-9 _ . -) "
    f"with texts of at most {LONGEST_METADATA} characters",
    "webhook_url": f"must be a public https address of at most {LONGEST_URL} characters",
}


def money(value: object) -> int:
    """Micro-dollars of `{"usd": "0.30"}`, `{"credits": "60"}` or both when they agree; ValueError otherwise."""
    if not isinstance(value, dict) or not value or not set(value) <= {"usd", "credits"}:
        raise ValueError("an object of usd or credits")
    readers = {"usd": from_usd, "credits": from_credits}
    amounts = {readers[unit](text) for unit, text in value.items()}
    if len(amounts) > 1:
        raise ValueError("usd and credits differ")
    return amounts.pop()


class QuoteBody(Body):
    """`{model, input}`."""

    model: Any
    input: Any


class GenerationBody(QuoteBody):
    """`{model, input, quote?, max_price?, metadata?, webhook_url?}`; max_price in micro-dollars once read."""

    quote: Annotated[str | None, Field(max_length=64), WithJsonSchema(ident("qt"))] = None
    max_price: Annotated[int | None, BeforeValidator(money), WithJsonSchema(MONEY_IN)] = None
    metadata: Annotated[dict[MetadataKey, MetadataValue], Field(max_length=MOST_METADATA), WithJsonSchema(METADATA)] = (
        Field(default={})
    )
    webhook_url: Annotated[str, Field(min_length=1, max_length=LONGEST_URL), WithJsonSchema(WEBHOOK_URL)] = ""

    @field_validator("quote", mode="before")
    @classmethod
    def _given(cls, value: object) -> object:
        if value is None:
            raise ValueError("leave it out instead")
        return value


def quote(body: object) -> QuoteBody:
    """The body of POST /quotes. Raises Invalid."""
    return read(QuoteBody, body)


def generation(body: object, *, idempotency: tuple[str, str] | None) -> Request:
    """The body of POST /generations; `idempotency` is (key, fingerprint). Raises Invalid."""
    found = read(GenerationBody, body)
    return Request(
        model=found.model,
        input=found.input,
        quote_id=found.quote,
        max_price=found.max_price,
        metadata=found.metadata,
        webhook_url=found.webhook_url,
        idempotency=idempotency,
    )


def nothing(body: object) -> None:
    """The body of a call that takes no fields: an empty object. Raises Invalid."""
    bodies.nothing(body)


def read(kind: type[B], body: object, *, sentences: Mapping[str, str] = SENTENCES) -> B:
    """As project.bodies.read, with the sentences of these calls."""
    return bodies.read(kind, body, sentences=sentences)
