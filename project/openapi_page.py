"""The OpenAPI document as a page reads it: operations by tag, fields as rows, an example line of curl for each.

Pure: of the document alone, so what the page says is what the document says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from project.openapi_components import REF, Schema
from project.openapi_views import document

USUAL = ("400", "401", "403", "404", "411", "413", "415", "422", "429", "503")  # the guide says when
METHODS = ("get", "post", "patch", "delete")
NAMES = {
    "date-time": "time",
    "uri": "URL",
    "uri-reference": "URL or id of an upload",
    "date": "day",
    "email": "address",
    "binary": "file",
}
KINDS = {"object": "object", "string": "text", "boolean": "true or false", "null": "null"}


@dataclass(frozen=True)
class Part:
    """A piece of a type's words; `shape` is the component that it links to."""

    text: str
    shape: str = ""


@dataclass(frozen=True)
class Row:
    """A field or a parameter."""

    name: str
    required: bool
    type: tuple[Part, ...]
    rules: str
    help: str


@dataclass(frozen=True)
class Answered:
    status: str
    text: str
    shape: str
    media: str
    page: bool  # whether it is a page of these
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """One call."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    permission: str
    parameters: tuple[Row, ...]
    body: str  # the component; empty without a body
    by_model: bool  # whether the body is one of several, by its model
    fields: tuple[Row, ...]
    curl: str
    answers: tuple[Answered, ...]
    errors: tuple[Answered, ...]


@dataclass(frozen=True)
class Section:
    """The operations of a tag."""

    name: str
    anchor: str
    about: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True)
class Shape:
    """A component that answers are made of."""

    name: str
    about: str
    fields: tuple[Row, ...]


@cache
def sections() -> tuple[Section, ...]:
    """Every tag that has operations, in the document's order."""
    return tuple(
        Section(
            tag["name"],
            tag["name"].lower(),
            tag["description"],
            tuple(
                _operation(method, path, operation)
                for path, methods in document()["paths"].items()
                for method in METHODS
                if (operation := methods.get(method)) and tag["name"] in operation["tags"]
            ),
        )
        for tag in document()["tags"]
        if any(tag["name"] in one["tags"] for methods in document()["paths"].values() for one in methods.values())
    )


@cache
def shapes() -> tuple[Shape, ...]:
    """The components that the answers name, and those in them, by name."""
    found: dict[str, Shape] = {}
    waiting = [answer.shape for section in sections() for one in section.operations for answer in one.answers]
    waiting += [part.shape for section in sections() for one in section.operations for part in _links(one.fields)]
    waiting += [error.shape for section in sections() for one in section.operations for error in one.errors]
    while waiting:
        name = waiting.pop()
        if not name or name in found:
            continue
        schema = _component(name)
        rows = tuple(rows_of(schema))
        found[name] = Shape(name, str(schema.get("description", "")), rows)
        waiting += [part.shape for part in _links(rows)]
        waiting += [part.shape for part in _words(schema)]
    return tuple(found[name] for name in sorted(found) if found[name].fields)


def rows_of(schema: Schema) -> Iterator[Row]:
    """A row for each field of an object."""
    required = schema.get("required", [])
    for name, part in schema.get("properties", {}).items():
        yield row_of(name, part, required=name in required)


def row_of(name: str, schema: Schema, *, required: bool) -> Row:
    """One field: its type in words with links, its limits, its help."""
    whole = _component(schema["$ref"].removeprefix(REF)) if "$ref" in schema else schema
    help = str(schema.get("description") or ("" if whole.get("properties") else whole.get("description", "")))
    return Row(name, required, tuple(_words(schema)), _rules(whole), help)


def rules_between(schema: Schema) -> list[str]:
    """The sentences of the rules between fields."""
    return [rule["then"]["description"] for rule in schema.get("allOf", []) if "description" in rule.get("then", {})]


def _operation(method: str, path: str, operation: Schema) -> Operation:
    content = operation.get("requestBody", {}).get("content", {})
    body, schema = "", {}
    if content:
        body = next(iter(content.values()))["schema"]["$ref"].removeprefix(REF)
        schema = _component(body)
    variants = schema.get("discriminator", {}).get("mapping")
    fields = schema if not variants else _component(next(iter(variants.values())).removeprefix(REF))
    answers = [_answered(status, answer) for status, answer in operation["responses"].items()]
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        permission=operation.get("x-permission", ""),
        parameters=tuple(_parameters(operation)),
        body=body,
        by_model=bool(variants),
        fields=tuple(_by_model(row) if variants else row for row in rows_of(fields)),
        curl=curl(method, path, operation),
        answers=tuple(answer for answer in answers if int(answer.status) < 400),
        errors=tuple(answer for answer in answers if int(answer.status) >= 400 and not _usual(answer)),
    )


def curl(method: str, path: str, operation: Schema) -> str:
    """The call as a line for a shell, which knows $FRAMEHOUSE_URL, $FRAMEHOUSE_KEY and, where needed, $ID."""
    address = re.sub(r"\{(\w+)\}", lambda found: f"${found[1].upper()}", path)
    lines = [f'curl "$FRAMEHOUSE_URL{address}"']
    if operation.get("security"):
        lines.append('-H "Authorization: Bearer $FRAMEHOUSE_KEY"')
    shared = [parameter.get("$ref", "").rpartition("/")[2] for parameter in operation.get("parameters", [])]
    if "IdempotencyKey" in shared:
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    content = operation.get("requestBody", {}).get("content", {})
    if "multipart/form-data" in content:
        lines.append("-F file=@image.png")
    elif "application/json" in content and (examples := content["application/json"].get("examples")):
        body = json.dumps(next(iter(examples.values()))["value"], ensure_ascii=False).replace("'", "'\\''")
        lines += ['-H "Content-Type: application/json"', f"-d '{body}'"]
    if method != "get" and not (method == "post" and any(line[:2] in ("-d", "-F") for line in lines)):
        lines[0] = f'curl -X {method.upper()} "$FRAMEHOUSE_URL{address}"'
    if any(kind != "application/json" for kind in _good(operation)):
        lines.append("-O")
    return " \\\n  ".join(lines)


def _good(operation: Schema) -> list[str]:
    return [
        kind for status, answer in operation["responses"].items() if status < "3" for kind in answer.get("content", {})
    ]


def _by_model(row: Row) -> Row:
    """The two fields that differ from model to model, for all of them."""
    words = {"model": "slug of a model", "input": "what the model takes"}
    return replace(row, type=(Part(words[row.name]),), rules="") if row.name in words else row


def _parameters(operation: Schema) -> Iterator[Row]:
    for given in operation.get("parameters", []):
        parameter = given
        if "$ref" in given:
            parameter = document()["components"]["parameters"][given["$ref"].rpartition("/")[2]]
        schema = {**parameter["schema"], "description": parameter.get("description", "")}
        place = {"path": "in the address", "header": "header"}.get(parameter["in"], "")
        row = row_of(parameter["name"], schema, required=bool(parameter.get("required")))
        rules = ", ".join(part for part in (place, row.rules) if part)
        name = "metadata.…" if parameter.get("explode") else row.name
        yield Row(name, row.required, row.type, rules, row.help)


def _answered(status: str, answer: Schema) -> Answered:
    contents: Schema = answer.get("content") or {"": {}}
    media, content = next(iter(contents.items()))
    shape = content.get("schema", {}).get("$ref", "").removeprefix(REF)
    page = shape.endswith("Page")
    if page:  # said in the guide: what counts is what it is of
        shape = _component(shape)["properties"]["results"]["items"]["$ref"].removeprefix(REF)
    if shape and not _component(shape).get("properties"):
        shape = ""  # nothing to say of it
    return Answered(status, answer["description"], shape, media, page, tuple(answer.get("x-codes", ())))


def _usual(answer: Answered) -> bool:
    return answer.status in USUAL and not answer.codes


def _component(name: str) -> Schema:
    found: Schema = document()["components"]["schemas"][name]
    return found


def _links(rows: tuple[Row, ...]) -> list[Part]:
    return [part for row in rows for part in row.type if part.shape]


def _words(schema: Mapping[str, Any]) -> Iterator[Part]:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REF)
        component = _component(name)
        if component.get("properties"):
            yield Part("money" if name == "MaxPriceField" else name, name)
        else:
            yield from _words(component)
        return
    for word in ("anyOf", "oneOf"):
        if word in schema:
            for place, choice in enumerate(schema[word]):
                if place:
                    yield Part(" or ")
                yield from _words(choice)
            return
    if "const" in schema:
        yield Part(str(schema["const"]))
    elif "enum" in schema:
        yield Part(" | ".join(str(value) for value in schema["enum"]))
    elif schema.get("type") == "array":
        yield Part("list of ")
        yield from _words(schema.get("items", {}))
    elif schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        yield Part("names with ")
        yield from _words(schema["additionalProperties"])
    else:
        yield Part(_name(schema))


def _name(schema: Mapping[str, Any]) -> str:
    if found := re.match(r"\^([a-z]+)_\[0-9a-f\]", str(schema.get("pattern", ""))):
        return f"id ({found[1]}_…)"
    kind = schema.get("type", "anything")
    if kind in ("integer", "number"):
        least, most = schema.get("minimum"), schema.get("maximum")
        noun = "whole number" if kind == "integer" else "number"
        if least is not None and most is not None:
            return f"{noun} {least} to {most}"
        return f"{noun} from {least}" if least else noun
    return NAMES.get(schema.get("format", ""), KINDS.get(kind, str(kind)))


def _rules(schema: Mapping[str, Any]) -> str:
    found = []
    if schema.get("minItems") or schema.get("maxItems"):
        found.append(_span(schema.get("minItems", 0), schema.get("maxItems"), "items"))
    if schema.get("maxLength"):
        found.append(_span(schema.get("minLength", 0), schema["maxLength"], "characters"))
    if "multipleOf" in schema:
        found.append(f"steps of {schema['multipleOf']}")
    if schema.get("default") not in (None, "", [], {}):
        found.append(f"default {json.dumps(schema['default'])}")
    return ", ".join(found)


def _span(least: int, most: int | None, noun: str) -> str:
    if most is None:
        return f"at least {least} {noun}"
    return f"{least} to {most:,} {noun}" if least else f"at most {most:,} {noun}"
