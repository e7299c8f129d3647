"""The pieces that inputs are made of: the strict base class, and one function per kind of form field.

An annotation says what may be *given*; a field that may be left out and has no default reads as None. Null is
never a value: a caller leaves the field out. Types are strict ("5" is not 5, true is not 1, 5.0 is not 5).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, field_validator

from generations.catalog.errors import own_error

IMAGE_MAX_LENGTH = 2048  # characters of an address
_LINK = r"[hH][tT][tT][pP][sS]?://[^\x00-\x20\x7f]+|upl_[0-9a-f]{32}"
IMAGE_PATTERN = rf"^(?:{_LINK})(?![\x00-\x20])$"  # the look-ahead: Python's $ lets a last line feed pass
OPTIONAL_IMAGE_PATTERN = rf"^(?:{_LINK}|)(?![\x00-\x20])$"
SEED_MAX = 2_147_483_647


def _image(value: str) -> str:
    if len(value) > IMAGE_MAX_LENGTH:
        raise own_error("too_long", f"must be at most {IMAGE_MAX_LENGTH} characters (it has {len(value)})")
    if not re.search(IMAGE_PATTERN, value):
        raise own_error("not_allowed", "must be the https address of an image or the id of an upload (upl_...)")
    return value


def _optional_image(value: str) -> str:
    return _image(value) if value else value


def _tenths(value: float) -> float:
    nearest = round(value * 10) / 10
    if abs(value - nearest) > 1e-9:
        raise own_error("out_of_range", "must be in steps of 0.1")
    return nearest + 0.0  # no minus zero


def _image_schema(pattern: str) -> dict[str, Any]:
    return {
        "type": "string",
        "format": "uri-reference",
        "maxLength": IMAGE_MAX_LENGTH,
        "pattern": pattern,
        "x-image": True,
    }


ImageRef = Annotated[str, AfterValidator(_image), WithJsonSchema(_image_schema(IMAGE_PATTERN))]
OptionalImageRef = Annotated[
    str, AfterValidator(_optional_image), WithJsonSchema(_image_schema(OPTIONAL_IMAGE_PATTERN))
]
Tenths = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), AfterValidator(_tenths)]
UnitFloat = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Input(BaseModel):
    """What a caller may send to one model: strict, closed, frozen."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @field_validator("*")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        if isinstance(value, str) and "\x00" in value:
            raise own_error("not_allowed", "must not hold a NUL character")
        return value

    @field_validator("prompt", check_fields=False)
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if not re.search(r"\S", value):
            raise own_error("too_short", "must hold more than white space")
        return value

    def plain(self) -> dict[str, Any]:
        """The fields in form order with defaults, as JSON values; optional ones without a value are left out."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        optional = {name for name, field in type(self).model_fields.items() if field.default is None}
        empty = {name for name in optional if values[name] is None or values[name] == ""}
        return {name: value for name, value in values.items() if name not in empty}


def prompt(*, most: int, help: str) -> Any:
    """The required text field, 1 to `most` characters, kept as given."""
    extra: dict[str, Any] = {"x-control": "textarea", "pattern": r"\S", "not": {"pattern": r"\x00"}}
    return Field(min_length=1, max_length=most, title="Prompt", description=help, json_schema_extra=extra)


def text(title: str, *, most: int, help: str) -> Any:
    """An optional text field of at most `most` characters; empty counts as left out."""
    extra: dict[str, Any] = {"x-control": "textarea", "not": {"pattern": r"\x00"}}
    return Field(default=None, max_length=most, title=title, description=help, json_schema_extra=extra)


def image(title: str, *, help: str) -> Any:
    """A required image: annotate with ImageRef."""
    return Field(title=title, description=help, json_schema_extra={"x-control": "image"})


def optional_image(title: str, *, help: str) -> Any:
    """An image that may be left out or empty: annotate with OptionalImageRef."""
    return Field(default=None, title=title, description=help, json_schema_extra={"x-control": "image"})


def images(title: str, *, least: int, most: int, help: str) -> Any:
    """A list of images: annotate with list[ImageRef]. Required when at least one must be given."""
    extra: dict[str, Any] = {"x-control": "images"}
    if least == 0:
        return Field(default=[], max_length=most, title=title, description=help, json_schema_extra=extra)
    return Field(min_length=least, max_length=most, title=title, description=help, json_schema_extra=extra)


def choice(title: str, *, default: str | None, help: str, labels: Mapping[str, str] | None = None) -> Any:
    """One of a few words: annotate with Literal. `labels` are what a person reads where the word is not clear."""
    extra: dict[str, Any] = {"x-control": "segmented"}
    if labels:
        extra["x-labels"] = dict(labels)
    return Field(default=default, title=title, description=help, json_schema_extra=extra)


def switch(title: str, *, default: bool, help: str) -> Any:
    """True or false: annotate with bool."""
    return Field(default=default, title=title, description=help, json_schema_extra={"x-control": "switch"})


def number(title: str, *, least: int, most: int, default: int, help: str) -> Any:
    """A whole number in a range: annotate with int."""
    extra: dict[str, Any] = {"x-control": "number"}
    return Field(default=default, ge=least, le=most, title=title, description=help, json_schema_extra=extra)


def seed(*, least: int | None = None, most: int | None = None, default: int | None = None) -> Any:
    """The number that makes a result repeatable: annotate with int. Without a default it may be left out."""
    words = "The same seed with the same input gives a similar result."
    how = " -1 takes a random one." if least == -1 else " Leave it out for a random one."
    extra: dict[str, Any] = {"x-control": "number"}
    return Field(default=default, ge=least, le=most, title="Seed", description=words + how, json_schema_extra=extra)


def guidance() -> Any:
    """How closely a video keeps to its prompt: annotate with Tenths."""
    words = "How closely the video keeps to the prompt: 0 is free, 1 is strict."
    extra: dict[str, Any] = {"x-control": "slider", "multipleOf": 0.1}
    return Field(default=0.5, title="Guidance", description=words, json_schema_extra=extra)


def temperature() -> Any:
    """How free a language model's answer is: annotate with UnitFloat."""
    words = "0 keeps to the likeliest words, 1 is freer."
    return Field(default=1, title="Temperature", description=words, json_schema_extra={"x-control": "slider"})


def language_model(*, default: str) -> Any:
    """The language model of a router entry: which ones are listed is price data, see `Entry.options`."""
    extra: dict[str, Any] = {"x-control": "segmented"}
    return Field(
        default=default, max_length=200, title="Language model", description="Who writes.", json_schema_extra=extra
    )
