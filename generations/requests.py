"""Bodies of POST /quotes and POST /generations, read strictly into what the services take (design section 6).

Model and input are the catalogue's to judge; here stand the fields around them. A field is given or left out:
null is never a value. Every fault is told at once, with its path.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, field_validator

from generations.intake import Request
from project.errors import FieldError, Invalid
from project.money import from_credits, from_usd
from project.schemas import METADATA, MONEY_IN, WEBHOOK_URL, ident

MOST_ERRORS = 100
LONGEST_NAME = 80  # characters of a caller's field name that are repeated to them
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
CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "string_type": "wrong_type",
    "dict_type": "wrong_type",
    "list_type": "wrong_type",
    "model_type": "wrong_type",
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


class Body(BaseModel):
    """Fields that are given or left out; any other is refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


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
    read(Body, body)


def read(kind: type[B], body: object, *, sentences: Mapping[str, str] = SENTENCES) -> B:
    """The body as `kind`. Raises Invalid with every fault; `sentences` say what a field must be, by its dotted name
    without places in lists."""
    if not isinstance(body, dict):
        raise Invalid("The body must be a JSON object.", errors=[FieldError("", "must be an object", "wrong_type")])
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        errors = list(dict.fromkeys(_explain(fault["type"], fault["loc"], sentences) for fault in faults))
        raise Invalid("The request has errors.", errors=errors[:MOST_ERRORS]) from error


def _explain(kind: str, loc: tuple[int | str, ...], sentences: Mapping[str, str]) -> FieldError:
    """One fault in our own words; pydantic's mark for "the key, not the value" is left out of the path."""
    path = ".".join(str(step)[:LONGEST_NAME] for step in loc if step != "[key]")
    code = CODES.get(kind, "not_allowed")
    if code == "missing":
        return FieldError(path, "is required", code)
    if code == "unknown_field":
        return FieldError(path, "is not a field of this call", code)
    names = [step for step in loc if isinstance(step, str)]
    known = (".".join(names[:count]) for count in range(len(names), 0, -1))
    return FieldError(path, next(sentences[name] for name in known if name in sentences), code)
