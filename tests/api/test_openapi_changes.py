"""What counts as taking away: a table of changes to a small document."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from project import openapi_changes

BODY = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 9, "pattern": "^a"},
        "mode": {"type": "string", "enum": ["all", "fit"], "default": "all"},
        "count": {"type": "integer", "minimum": 1, "maximum": 10},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
    },
    "required": ["name"],
    "additionalProperties": False,
    "allOf": [{"if": {"required": ["count"]}, "then": {"required": ["mode"], "description": "old words"}}],
}
OTHER = {"type": "object", "properties": {"kind": {"const": "other"}}, "required": ["kind"]}
THING = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^th_"},
        "state": {"type": "string", "enum": ["on", "off"]},
        "inner": {"anyOf": [{"$ref": "#/components/schemas/Inner"}, {"type": "null"}]},
        "note": {"type": "string"},
    },
    "required": ["id", "state", "inner"],
    "additionalProperties": False,
}
DOCUMENT: dict[str, Any] = {
    "paths": {
        "/things": {
            "post": {
                "operationId": "create_thing",
                "security": [{"key": []}],
                "x-permission": "make",
                "parameters": [{"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}}],
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Any"}}},
                },
                "responses": {
                    "201": {
                        "headers": {"Location": {}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}},
                    },
                    "409": {"x-codes": ["busy"]},
                },
            },
            "get": {"operationId": "list_things", "responses": {"200": {}}},
        }
    },
    "webhooks": {
        "thing.made": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
            }
        }
    },
    "components": {
        "schemas": {
            "Any": {"oneOf": [{"$ref": "#/components/schemas/Body"}, {"$ref": "#/components/schemas/Other"}]},
            "Body": BODY,
            "Other": OTHER,
            "Thing": THING,
            "Inner": {
                "type": "object",
                "properties": {"n": {"type": "integer"}, "up": {"$ref": "#/components/schemas/Inner"}},
            },
        }
    },
}

Change = Callable[[dict[str, Any]], object]


def post(document: dict[str, Any]) -> Any:
    return document["paths"]["/things"]["post"]


def field(component: str, name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda document: document["components"]["schemas"][component]["properties"][name]


def part(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda document: document["components"]["schemas"][name]


name, mode, count = field("Body", "name"), field("Body", "mode"), field("Body", "count")

BREAKING: dict[str, Change] = {
    "an address goes": lambda d: d["paths"].pop("/things"),
    "a method goes": lambda d: d["paths"]["/things"].pop("get"),
    "a call is renamed": lambda d: post(d).update(operationId="make_thing"),
    "a key is needed": lambda d: d["paths"]["/things"]["get"].update(security=[{"key": []}]),
    "another permission": lambda d: post(d).update({"x-permission": "manage"}),
    "a parameter goes": lambda d: post(d)["parameters"].clear(),
    "a parameter is required": lambda d: post(d)["parameters"][0].update(required=True),
    "a parameter is tightened": lambda d: post(d)["parameters"][0]["schema"].update(maximum=50),
    "a new required parameter": lambda d: post(d)["parameters"].append(
        {"name": "x", "in": "query", "required": True, "schema": {}}
    ),
    "the body becomes required": lambda d: post(d)["requestBody"].update(required=True),
    "the body goes": lambda d: post(d).pop("requestBody"),
    "a content type goes": lambda d: post(d)["requestBody"].update(content={}),
    "an answer goes": lambda d: post(d)["responses"].pop("201"),
    "an error goes": lambda d: post(d)["responses"].pop("409"),
    "an error's code goes": lambda d: post(d)["responses"]["409"].update({"x-codes": []}),
    "a header goes": lambda d: post(d)["responses"]["201"]["headers"].clear(),
    "an event goes": lambda d: d["webhooks"].clear(),
    "a choice of the body goes": lambda d: part("Any")(d)["oneOf"].pop(),
    "a field of the body goes": lambda d: part("Body")(d)["properties"].pop("tags"),
    "a field of the body is required": lambda d: part("Body")(d)["required"].append("mode"),
    "a new field of the body is required": lambda d: (
        part("Body")(d)["properties"].update(new={}),
        part("Body")(d)["required"].append("new"),
    ),
    "a type changes": lambda d: name(d).update(type="integer"),
    "a type is narrowed": lambda d: part("Body")(d)["properties"].update(count={"type": "string"}),
    "a word is no longer allowed": lambda d: mode(d)["enum"].remove("fit"),
    "words become a closed list": lambda d: name(d).update(enum=["a"]),
    "a default changes": lambda d: mode(d).update(default="fit"),
    "a maximum falls": lambda d: count(d).update(maximum=9),
    "a minimum rises": lambda d: count(d).update(minimum=2),
    "a length gets a limit": lambda d: field("Body", "tags")(d)["items"].update(maxLength=5),
    "fewer items": lambda d: field("Body", "tags")(d).update(maxItems=2),
    "a pattern changes": lambda d: name(d).update(pattern="^b"),
    "a rule is added": lambda d: part("Body")(d)["allOf"].append({"required": ["tags"]}),
    "others are refused": lambda d: part("Other")(d).update(additionalProperties=False),
    "a field of the answer goes": lambda d: part("Thing")(d)["properties"].pop("note"),
    "a field of the answer may be missing": lambda d: part("Thing")(d)["required"].remove("state"),
    "a field of the answer has new words": lambda d: field("Thing", "state")(d)["enum"].append("asleep"),
    "a field of the answer becomes free": lambda d: field("Thing", "state")(d).pop("enum"),
    "a field of the answer becomes null": lambda d: field("Thing", "id")(d).update(type=["string", "null"]),
    "an id looks otherwise": lambda d: field("Thing", "id")(d).update(pattern="^x_"),
    "a field within a field changes": lambda d: field("Inner", "n")(d).update(type="string"),
    "a field of the answer has another shape": lambda d: field("Thing", "inner")(d)["anyOf"].append({"type": "string"}),
}
ADDITIVE: dict[str, Change] = {
    "nothing": lambda d: None,
    "a call": lambda d: d["paths"].update({"/more": {"get": {}}}),
    "a parameter": lambda d: post(d)["parameters"].append({"name": "x", "in": "query", "schema": {"type": "string"}}),
    "a parameter is loosened": lambda d: post(d)["parameters"][0]["schema"].update(maximum=200),
    "an answer": lambda d: post(d)["responses"].update({"503": {}}),
    "a code": lambda d: post(d)["responses"]["409"]["x-codes"].append("other"),
    "a header": lambda d: post(d)["responses"]["201"]["headers"].update(ETag={}),
    "an event": lambda d: d["webhooks"].update({"thing.gone": {"post": {}}}),
    "no key is needed": lambda d: post(d).pop("security"),
    "a choice of the body": lambda d: part("Any")(d)["oneOf"].append({"type": "string"}),
    "a field of the body": lambda d: part("Body")(d)["properties"].update(new={"type": "string"}),
    "a field is no longer required": lambda d: part("Body")(d)["required"].remove("name"),
    "a word": lambda d: mode(d)["enum"].append("most"),
    "a closed list is opened": lambda d: mode(d).pop("enum"),
    "limits are lifted": lambda d: (count(d).update(maximum=99), count(d).pop("minimum"), name(d).pop("pattern")),
    "whole numbers become numbers": lambda d: count(d).update(type="number"),
    "a rule goes": lambda d: part("Body")(d)["allOf"].clear(),
    "a rule is reworded": lambda d: part("Body")(d)["allOf"][0]["then"].update(description="new words"),
    "a field of the answer": lambda d: part("Thing")(d)["properties"].update(new={"type": "string"}),
    "a field of the answer is always there": lambda d: part("Thing")(d)["required"].append("note"),
    "a field of the answer has fewer words": lambda d: field("Thing", "state")(d)["enum"].remove("off"),
    "a field of the answer is never null": lambda d: field("Thing", "inner")(d)["anyOf"].pop(),
    "words for people": lambda d: part("Thing")(d).update(description="Better said."),
}


def changed(change: Change) -> list[str]:
    new = copy.deepcopy(DOCUMENT)
    change(new)
    return openapi_changes.breaking(DOCUMENT, new)


@pytest.mark.parametrize("what", BREAKING)
def test_it_breaks(what: str) -> None:
    assert changed(BREAKING[what])


@pytest.mark.parametrize("what", ADDITIVE)
def test_it_only_adds(what: str) -> None:
    assert changed(ADDITIVE[what]) == []
