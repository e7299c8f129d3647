"""Components of the OpenAPI document: from pydantic models or written by hand, and an example of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

Schema = dict[str, Any]
REF = "#/components/schemas/"


@dataclass(frozen=True)
class Written:
    """A schema that no model says: `build` makes it and the components that it names. Called while the document is
    drawn, so without a database."""

    name: str
    build: Callable[[], Mapping[str, Schema]]


Body: TypeAlias = type[BaseModel] | Written


def reference(registry: ComponentRegistry, body: Body) -> Schema:
    """`{"$ref": ...}` of a body, after it and all that it names are in the registry."""
    if isinstance(body, Written):
        if (body.name, ResolvedComponent.SCHEMA) not in registry._components:
            for name, schema in body.build().items():
                _register(registry, name, schema)
        return {"$ref": REF + body.name}
    for name, schema in schemas_of(body).items():
        _register(registry, name, schema)
    return {"$ref": REF + body.__name__}


def schemas_of(model: type[BaseModel]) -> dict[str, Schema]:
    """The component of a model, and those of the models in it."""
    _, whole = models_json_schema([(model, "validation")], ref_template=REF + "{model}")
    return {name: _plain(schema) for name, schema in whole["$defs"].items()}


def example_of(schema: Schema, registry: ComponentRegistry) -> Any:
    """A value of a schema, made of the examples in it."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REF)
        return example_of(registry[(name, ResolvedComponent.SCHEMA)].schema, registry)
    for word in ("examples", "enum"):
        if schema.get(word):
            return schema[word][0]
    if "const" in schema:
        return schema["const"]
    if "default" in schema:
        return schema["default"]
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return example_of(schema[word][0], registry)
    match schema.get("type"):
        case "object":
            required = schema.get("required", [])
            return {
                name: example_of(part, registry)
                for name, part in schema.get("properties", {}).items()
                if name in required
            }
        case "array":
            return [example_of(schema["items"], registry)] if "items" in schema else []
        case "integer" | "number":
            return schema.get("minimum", 0)
        case "boolean":
            return False
        case "null":
            return None
        case _:
            return "..."


def _register(registry: ComponentRegistry, name: str, schema: Schema) -> None:
    component = ResolvedComponent(name, ResolvedComponent.SCHEMA, schema, name)  # type: ignore[no-untyped-call]
    known = registry._components.get(component.key)
    if known is not None and known.schema != schema:
        raise LookupError(f"two different schemas are called {name}")
    registry.register_on_missing(component)


def _plain(schema: Any, *, names: bool = False) -> Any:
    """Without the titles that pydantic makes of names, and without defaults that only say "may be left out".
    `names`: what is given are properties by name, and not keywords."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if names:
        return {name: _plain(part) for name, part in schema.items()}
    found = {}
    for word, value in schema.items():
        if word == "title" or (word == "default" and value in (None, "")):
            continue
        if word in ("examples", "enum", "const", "default"):
            found[word] = value
        else:
            found[word] = _plain(value, names=word in ("properties", "$defs"))
    return found
