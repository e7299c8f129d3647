"""What is published leaves room to grow: we hold our answers against closed shapes, customers get open ones. A client
that checks strictly must not break when an answer gets a field more ("version 1 only grows")."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from project.openapi_components import REF, Schema


def opened(document: Schema) -> Schema:
    """The document with every shape open that only we send: in answers and in webhooks. What a request may hold stays a
    closed list, because unknown fields of it are refused."""
    schemas: dict[str, Schema] = document["components"]["schemas"]
    asked = _asked(document, schemas)
    found = {name: schema if name in asked else _open(schema) for name, schema in schemas.items()}
    return {**document, "components": {**document["components"], "schemas": found}}


def _asked(document: Schema, schemas: dict[str, Schema]) -> set[str]:
    """The names of all components that the bodies of requests are made of."""
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    waiting = [name for operation in operations for name in _named(operation.get("requestBody", {}))]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _named(schemas[name])
    return found


def _named(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str) and part["$ref"].startswith(REF):
            yield part["$ref"].removeprefix(REF)
        for inner in part.values():
            yield from _named(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _named(inner)


def _open(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_open(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {word: value for word, value in schema.items() if (word, value) != ("additionalProperties", False)}
    return {word: _open(value) for word, value in kept.items()}
