"""What is wrong with an input, in our own words: every error at once, each with a path and a stable code.

Codes: missing, unknown_field, not_allowed, too_long, too_short, out_of_range, wrong_type, conflict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from project.errors import FieldError

MOST_ERRORS = 100  # a body of 256 KiB can hold tens of thousands of unknown fields
_LONGEST_NAME = 80  # characters of a caller's field name that are repeated to them

_CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "invalid_key": "unknown_field",
    "string_type": "wrong_type",
    "int_type": "wrong_type",
    "float_type": "wrong_type",
    "bool_type": "wrong_type",
    "list_type": "wrong_type",
    "literal_error": "not_allowed",
    "string_unicode": "not_allowed",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "finite_number": "out_of_range",
}


class InputError(Exception):
    """The input does not fit the model. `errors` holds every fault; paths are relative to the input."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = list(errors)
        super().__init__("; ".join(error.message for error in self.errors))

    def under(self, prefix: str) -> list[FieldError]:
        """The same errors with paths below `prefix`: `duration` -> `input.duration`."""
        return [FieldError(f"{prefix}.{e.path}".rstrip("."), e.message, e.code) for e in self.errors]


def own_error(code: str, rest: str) -> PydanticCustomError:
    """An error of a validator of ours: one of the codes above, and what follows the field's name."""
    return PydanticCustomError("own", "{rest}", {"code": code, "rest": rest})


def explain(error: ValidationError, properties: Mapping[str, dict[str, Any]]) -> list[FieldError]:
    """Every fault that pydantic found, written with the limits of the published schema."""
    faults = error.errors(include_url=False, include_input=True)
    return [_explain(dict(fault), properties) for fault in faults[:MOST_ERRORS]]


def _explain(fault: dict[str, Any], properties: Mapping[str, dict[str, Any]]) -> FieldError:
    loc: tuple[int | str, ...] = fault["loc"]
    path = ".".join(str(step)[:_LONGEST_NAME] for step in loc)
    kind, value = fault["type"], fault["input"]
    if kind == "own":
        return FieldError(path, f"{path} {fault['ctx']['rest']}", fault["ctx"]["code"])
    code = _CODES.get(kind, "not_allowed")
    if code == "missing":
        return FieldError(path, f"{path} is required", code)
    if code == "unknown_field":
        return FieldError(path, f"{path} is not a field of this model; it takes {', '.join(properties)}", code)
    if kind == "string_unicode":
        return FieldError(path, f"{path} must not hold half a character (a lone surrogate)", code)
    schema = properties[str(loc[0])]
    for step in loc[1:]:
        schema = schema["items"] if isinstance(step, int) else schema
    if kind == "literal_error" and not isinstance(value, str):
        options = ", ".join(f'"{option}"' for option in schema["enum"])
        return FieldError(path, f"{path} must be one of {options}, written as text", "wrong_type")
    size = f" (it has {len(value)})" if code in ("too_long", "too_short") else ""
    return FieldError(path, f"{path} must be {what(schema)}{size}", code)


def what(schema: Mapping[str, Any]) -> str:
    """What a field takes, as words after "must be": "one of 5, 10", "a whole number from 1 to 6"."""
    if "enum" in schema:
        return f"one of {', '.join(str(option) for option in schema['enum'])}"
    match schema["type"]:
        case "string" if schema.get("x-image"):
            return "the https address of an image or the id of an upload"
        case "string":
            return f"text of {_span(schema.get('minLength', 0), schema['maxLength'])} characters"
        case "array":
            return f"a list of {_span(schema.get('minItems', 0), schema['maxItems'])} images"
        case "integer":
            return f"a whole number{_range(schema)}"
        case "number":
            step = f" in steps of {schema['multipleOf']}" if "multipleOf" in schema else ""
            return f"a number{_range(schema)}{step}"
        case _:
            return "true or false"


def _span(least: int, most: int) -> str:
    return f"{least} to {most}" if least else f"at most {most}"


def _range(schema: Mapping[str, Any]) -> str:
    return f" from {schema['minimum']} to {schema['maximum']}" if "maximum" in schema else ""
