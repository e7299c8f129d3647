"""The OpenAPI document: whole, valid, served as it is checked in, and it only grows."""

from __future__ import annotations

import json
import re
from typing import Any

import openapi_spec_validator
import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from jsonschema import Draft202012Validator

from project import openapi_changes
from project.openapi_views import document, published, served, written
from tests.api import conformity

DOCS = settings.BASE_DIR / "docs"
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
]
each = pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS])


def test_what_is_checked_in_is_what_the_code_says() -> None:
    same = (DOCS / "openapi.json").read_text(encoding="utf-8") == written(published())
    assert same, "docs/openapi.json is stale: run `make openapi`, and look at what changed"


def test_nothing_that_was_promised_is_taken_away() -> None:
    promised = openapi_changes.read(DOCS / "openapi.released.json")
    assert openapi_changes.breaking(promised, published()) == []


def test_it_is_openapi_3_1() -> None:
    assert document()["openapi"].startswith("3.1.")
    openapi_spec_validator.validate(document())
    openapi_spec_validator.validate(published())
    for name, schema in document()["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert schema.get("additionalProperties") is not None or schema.get("type") != "object", f"{name} is open"


def test_answers_may_grow_and_requests_may_not() -> None:
    shapes = published()["components"]["schemas"]
    for name in ("Generation", "Problem", "Money", "GenerationMessage"):
        assert "additionalProperties" not in shapes[name], name
        assert document()["components"]["schemas"][name]["additionalProperties"] is False
    for method, path in (("post", "/quotes"), ("post", "/generations/batch"), ("post", "/webhook-endpoints")):
        body = document()["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        asked = body.rpartition("/")[2]
        assert shapes[asked] == document()["components"]["schemas"][asked]


def test_it_is_drawn_without_a_database_and_without_a_warning(capsys: Any) -> None:
    call_command("spectacular", "--format", "openapi-json", "--fail-on-warn")
    assert json.loads(capsys.readouterr().out) == document()


@each
def test_a_call_is_explained(name: str, operation: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"])
    assert operation["tags"][0] in [tag["name"] for tag in document()["tags"]]
    assert operation["summary"]
    assert not operation["summary"].endswith(".")
    for parameter in operation.get("parameters", []):
        assert "$ref" in parameter or parameter.get("description"), f"{name}: {parameter['name']}"


@each
def test_its_examples_are_right(name: str, operation: dict[str, Any]) -> None:
    for status, answer in operation["responses"].items():
        for content in answer.get("content", {}).values():
            if "example" in content:
                conformity.fits(f"{name}: {status}", content["schema"]["$ref"], content["example"])
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        empty = operation["requestBody"].get("required") is None
        assert empty or content.get("examples") or kind != "application/json", f"{name} has no example"
        for example in content.get("examples", {}).values():
            conformity.fits(name, content["schema"]["$ref"], example["value"])


def test_names_are_told_once() -> None:
    ids = [operation["operationId"] for _, operation in OPERATIONS]
    assert len(ids) == len(set(ids))


def test_it_is_served_to_everybody(db: None) -> None:
    response = Client().get("/api/v1/openapi.json")
    assert response.status_code == 200
    assert response["Content-Type"] == "application/json"
    assert response.content == (DOCS / "openapi.json").read_bytes()
    assert "max-age" in response["Cache-Control"]
    again = Client().get("/api/v1/openapi.json", headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", served()[1])
    assert Client().get("/api/v1/openapi.json", headers={"If-None-Match": '"older"'}).status_code == 200
    assert Client().head("/api/v1/openapi.json")["ETag"] == response["ETag"]
