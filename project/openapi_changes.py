"""What a new OpenAPI document takes away from an old one: the calls of version 1 may only grow.

A request that was right must stay right, an answer that was understood must stay understood. Added fields of answers
break nobody (the document says so); added values of an enum in an answer do. Compared schema by schema, along the
references, since tools that do this are not for Python.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

Schema = dict[str, Any]
Side = Literal["request", "answer"]
METHODS = ("get", "put", "post", "delete", "patch")
LOWER = ("minLength", "minimum", "exclusiveMinimum", "minItems", "minProperties", "minContains")
UPPER = ("maxLength", "maximum", "exclusiveMaximum", "maxItems", "maxProperties", "maxContains")
EXACT = ("pattern", "format", "multipleOf", "not", "contentEncoding", "contentMediaType")


def read(path: Path) -> Schema:
    """A document from a file."""
    found: Schema = json.loads(path.read_text(encoding="utf-8"))
    return found


def breaking(old: Schema, new: Schema) -> list[str]:
    """One sentence for each thing that worked by `old` and does not by `new`; empty when `new` only adds."""
    return sorted(set(_Comparison(old, new).changes()))


class _Comparison:
    def __init__(self, old: Schema, new: Schema) -> None:
        self.old, self.new = old, new
        self.seen: set[tuple[str, str, Side]] = set()

    def changes(self) -> Iterator[str]:
        for part, side in (("paths", "calls"), ("webhooks", "events")):
            for address, methods in self.old.get(part, {}).items():
                for method in METHODS:
                    if method not in methods:
                        continue
                    name = f"{method.upper()} {address}" if side == "calls" else f"event {address}"
                    other = self.new.get(part, {}).get(address, {}).get(method)
                    if other is None:
                        yield f"{name}: removed"
                    elif side == "calls":
                        yield from self.operation(name, methods[method], other)
                    else:  # we send these: what is a request to others is an answer of ours
                        yield from self.content(f"{name}: body", methods[method], other, "answer")

    def operation(self, name: str, old: Schema, new: Schema) -> Iterator[str]:
        if old.get("operationId") != new.get("operationId"):
            yield f"{name}: operationId changed from {old.get('operationId')} to {new.get('operationId')}"
        if new.get("security") and not old.get("security"):
            yield f"{name}: needs a key now"
        if old.get("x-permission") != new.get("x-permission") and old.get("security"):
            yield f"{name}: needs the permission {new.get('x-permission')}, not {old.get('x-permission')}"
        yield from self.parameters(name, old, new)
        yield from self.request(name, old, new)
        for status, answer in old.get("responses", {}).items():
            other = new.get("responses", {}).get(status)
            if other is None:
                yield f"{name}: answer {status} removed"
                continue
            for header in answer.get("headers", {}):
                if header not in other.get("headers", {}):
                    yield f"{name}: answer {status}: header {header} removed"
            for code in answer.get("x-codes", []):
                if code not in other.get("x-codes", []):
                    yield f"{name}: answer {status}: code {code} removed"
            yield from self.media(f"{name}: answer {status}", answer, other, "answer")

    def parameters(self, name: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = self._parameters(self.old, old), self._parameters(self.new, new)
        for key, parameter in before.items():
            where = f"{name}: parameter {key[1]}"
            other = after.get(key)
            if other is None:
                yield f"{where}: removed"
                continue
            if other.get("required") and not parameter.get("required"):
                yield f"{where}: is required now"
            yield from self.schema(where, parameter.get("schema", {}), other.get("schema", {}), "request")
        for key in after.keys() - before.keys():
            if after[key].get("required"):
                yield f"{name}: parameter {key[1]}: is new and required"

    def request(self, name: str, old: Schema, new: Schema) -> Iterator[str]:
        before, after = old.get("requestBody"), new.get("requestBody")
        if after is not None and after.get("required") and not (before and before.get("required")):
            yield f"{name}: body: is required now"
        if before is not None and after is None:
            yield f"{name}: body: removed"
        if before is not None and after is not None:
            yield from self.media(f"{name}: body", before, after, "request")

    def content(self, where: str, old: Schema, new: Schema, side: Side) -> Iterator[str]:
        yield from self.media(where, old.get("requestBody", {}), new.get("requestBody", {}), side)

    def media(self, where: str, old: Schema, new: Schema, side: Side) -> Iterator[str]:
        for kind, content in old.get("content", {}).items():
            other = new.get("content", {}).get(kind)
            if other is None:
                yield f"{where}: {kind} removed"
            elif "schema" in content:
                yield from self.schema(where, content["schema"], other.get("schema", {}), side)

    # --- schemas ------------------------------------------------------------------------------------------------
    def schema(self, where: str, old: Schema, new: Schema, side: Side) -> Iterator[str]:
        names = (str(old.get("$ref", "")), str(new.get("$ref", "")), side)
        if all(names):
            if names in self.seen:
                return
            self.seen.add(names)
        old, new = _resolved(self.old, old), _resolved(self.new, new)
        yield from self.choices(where, old, new, side)
        yield from _types(where, old, new, side)
        yield from _values(where, old, new, side)
        yield from _bounds(where, old, new, side)
        yield from self.fields(where, old, new, side)
        for word, step in (("items", "[]"), ("propertyNames", " names"), ("additionalProperties", ".*")):
            one, other = old.get(word), new.get(word)
            if isinstance(one, dict) and isinstance(other, dict):
                yield from self.schema(f"{where}{step}", one, other, side)

    def fields(self, where: str, old: Schema, new: Schema, side: Side) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        for name, part in before.items():
            if name in after:
                yield from self.schema(f"{where}.{name}", part, after[name], side)
            elif side == "answer" or new.get("additionalProperties") is False:
                yield f"{where}.{name}: removed"
        needed, now = set(old.get("required", [])), set(new.get("required", []))
        if side == "request":
            yield from (f"{where}.{name}: is required now" for name in now - needed)
            if new.get("additionalProperties") is False and old.get("additionalProperties", True) is not False:
                yield f"{where}: other fields are refused now"
            for rule in _rules(new) - _rules(old):
                yield f"{where}: a rule is new: {rule}"
        else:
            yield from (f"{where}.{name}: may be missing now" for name in (needed - now) & after.keys())

    def choices(self, where: str, old: Schema, new: Schema, side: Side) -> Iterator[str]:
        """Each way that was open must be open still; in an answer, each way that is open must have been known."""
        before, after = _choices(old), _choices(new)
        if before == [old] and after == [new]:
            return
        known, asked = (after, before) if side == "request" else (before, after)
        for choice in asked:
            name = str(choice.get("$ref", "")).rpartition("/")[2] or json.dumps(choice, sort_keys=True)[:60]
            same = [other for other in known if other.get("$ref") and other.get("$ref") == choice.get("$ref")]
            if same and choice.get("$ref"):
                one, other = (choice, same[0]) if side == "request" else (same[0], choice)
                yield from self.schema(f"{where} ({name})", one, other, side)
            elif not any(self._fits(choice, other, side) for other in known):
                yield f"{where}: the choice {name} " + ("removed" if side == "request" else "is new")

    def _fits(self, asked: Schema, known: Schema, side: Side) -> bool:
        again = _Comparison(self.old, self.new)
        one, other = (asked, known) if side == "request" else (known, asked)
        return not list(again.schema("", one, other, side))

    def _parameters(self, document: Schema, operation: Schema) -> dict[tuple[str, str], Schema]:
        found = [_resolved(document, parameter) for parameter in operation.get("parameters", [])]
        return {(parameter["in"], parameter["name"]): parameter for parameter in found}


def _types(where: str, old: Schema, new: Schema, side: Side) -> Iterator[str]:
    before, after = _kinds(old), _kinds(new)
    if before is None and after is None:
        return
    narrow, wide = (before, after) if side == "request" else (after, before)
    if wide is None:
        return
    if narrow is None or not all(kind in wide or (kind == "integer" and "number" in wide) for kind in narrow):
        yield f"{where}: type changed from {_list(before)} to {_list(after)}"


def _values(where: str, old: Schema, new: Schema, side: Side) -> Iterator[str]:
    before, after = _allowed(old), _allowed(new)
    if side == "request":
        if after is not None:
            gone = ["any other"] if before is None else sorted(before - after)
            if gone:
                yield f"{where}: no longer allowed: {', '.join(gone)}"
        if "default" in old and old["default"] != new.get("default", ...):
            yield f"{where}: default changed"
    elif before is not None and (after is None or after - before):
        yield f"{where}: new values in an answer: {_list(None if after is None else sorted(after - before))}"


def _bounds(where: str, old: Schema, new: Schema, side: Side) -> Iterator[str]:
    for word in EXACT:
        if new.get(word) != old.get(word) and (word in new if side == "request" else word in old):
            yield f"{where}: {word} changed"
    if side == "answer":
        return
    for word in LOWER:
        if word in new and (word not in old or new[word] > old[word]):
            yield f"{where}: {word} is {new[word]}, was {old.get(word, 'free')}"
    for word in UPPER:
        if word in new and (word not in old or new[word] < old[word]):
            yield f"{where}: {word} is {new[word]}, was {old.get(word, 'free')}"
    if new.get("uniqueItems") and not old.get("uniqueItems"):
        yield f"{where}: items must be unique now"


def _choices(schema: Schema) -> list[Schema]:
    for word in ("oneOf", "anyOf"):
        if word in schema:
            found: list[Schema] = schema[word]
            return found
    return [schema]


def _rules(schema: Schema) -> set[str]:
    """What else is asked of a value: each rule as text, without its words for people."""
    return {json.dumps(_wordless(rule), sort_keys=True) for rule in schema.get("allOf", [])}


def _wordless(rule: Any) -> Any:
    if not isinstance(rule, dict):
        return rule
    return {word: _wordless(part) for word, part in rule.items() if not (word == "description" and part == str(part))}


def _kinds(schema: Schema) -> set[str] | None:
    kind = schema.get("type")
    return None if kind is None else {kind} if isinstance(kind, str) else set(kind)


def _allowed(schema: Schema) -> set[str] | None:
    if "const" in schema:
        return {json.dumps(schema["const"])}
    return {json.dumps(value) for value in schema["enum"]} if "enum" in schema else None


def _resolved(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        found: Any = document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def _list(found: Any) -> str:
    return "anything" if found is None else ", ".join(sorted(found))
