"""What of one model's form goes on into another's: the prompt, the images in their order, and every field of the same
name whose value the other takes too. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def carried(data: Mapping[str, Any], *, source: Mapping[str, Any], target: Mapping[str, Any]) -> dict[str, Any]:
    """An input for the schema `target`, from one for the schema `source`. A prompt that is too long goes along whole:
    it is somebody's work, and the form says what is wrong with it."""
    found: dict[str, Any] = {}
    images = _images(data, source)
    for name, rule in target["properties"].items():
        if rule.get("x-image"):
            if images:
                found[name] = images.pop(0)
        elif rule["type"] == "array":
            taken, images = images[: rule["maxItems"]], images[rule["maxItems"] :]
            if taken:
                found[name] = taken
        elif name in data and (name == "prompt" or _takes(rule, data[name])):
            found[name] = data[name]
    return found


def _images(data: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for name, rule in schema["properties"].items():
        if rule.get("x-image") or rule.get("items", {}).get("x-image"):
            value = data.get(name) or []
            found += [value] if isinstance(value, str) else value
    return found


def _takes(rule: Mapping[str, Any], value: Any) -> bool:
    if "enum" in rule:
        return value in rule["enum"]
    match rule["type"]:
        case "boolean":
            return isinstance(value, bool)
        case "string":
            return isinstance(value, str) and len(value) <= rule.get("maxLength", len(value))
        case _:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            return number and rule.get("minimum", value) <= value <= rule.get("maximum", value)
