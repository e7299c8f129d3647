"""The published JSON Schema (2020-12) of a model's input, made from the class that checks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache
from typing import Any

from generations.catalog.fields import Input
from generations.catalog.rules import Rule

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def properties_of(model: type[Input]) -> dict[str, dict[str, Any]]:
    """The schema of each field in form order. Shared: do not change it."""
    found: dict[str, dict[str, Any]] = model.model_json_schema()["properties"]
    for field in found.values():
        if field.get("default", ...) is None:
            del field["default"]
    return found


def image_fields(model: type[Input]) -> list[str]:
    """The names of the fields that hold an image or a list of them."""
    return [
        name
        for name, field in properties_of(model).items()
        if field.get("x-image") or field.get("items", {}).get("x-image")
    ]


def build(
    model: type[Input],
    *,
    title: str,
    description: str,
    rules: Sequence[Rule],
    options: Mapping[str, Sequence[str]],
    example: Mapping[str, Any],
) -> dict[str, Any]:
    """The whole schema. `options` are choices that come from the price data, by field."""
    properties = deepcopy(properties_of(model))
    required = [name for name, field in model.model_fields.items() if field.is_required()]
    for name, words in options.items():
        properties[name]["enum"] = list(words)
        if properties[name].get("default") not in words:
            properties[name].pop("default", None)
            required.append(name)
    schema: dict[str, Any] = {
        "$schema": DIALECT,
        "title": title,
        "description": description,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
        "examples": [dict(example)],
    }
    if rules:
        schema["allOf"] = [rule.schema(properties_of(model)) for rule in rules]
    return schema
