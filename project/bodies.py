"""Bodies of calls, read strictly: a field is given or left out, null is never a value, every fault is told at once
with its path and in our own words (design section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from rest_framework.request import Request
from rest_framework.utils.mediatypes import media_type_matches

from project.errors import FieldError, Invalid

MOST_ERRORS = 100
LONGEST_NAME = 80  # characters of a caller's field name that are repeated to them
CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "string_type": "wrong_type",
    "dict_type": "wrong_type",
    "list_type": "wrong_type",
    "model_type": "wrong_type",
    "int_type": "wrong_type",
}

B = TypeVar("B", bound="Body")


class Body(BaseModel):
    """Fields that are given or left out; any other is refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def read(kind: type[B], body: object, *, sentences: Mapping[str, str]) -> B:
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


def nothing(body: object) -> None:
    """The body of a call that takes no fields: an empty object. Raises Invalid."""
    read(Body, body, sentences={})


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


def optional(request: Request) -> object:
    """The body of a call that needs none: an empty object where nothing was sent, whatever its content type says.
    Raises UnsupportedMediaType for what is no JSON."""
    empty = request.META.get("CONTENT_LENGTH") in (None, "", "0")
    return {} if empty else request.data


def none(request: Request) -> None:
    """A call that takes no fields: those of a JSON body are refused, anything that is no JSON is not read."""
    if media_type_matches("application/json", request.content_type):
        nothing(request.data)
