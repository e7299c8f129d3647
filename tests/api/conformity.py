"""Every answer that a test of the API gets is held against the OpenAPI document: address, method, status, headers,
content type, body. And what was accepted must have been a right request by it."""

from __future__ import annotations

import json
import re
from collections.abc import Set
from functools import cache
from typing import Any
from urllib.parse import unquote

from django.http import HttpResponseBase
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from project.openapi_views import document

PROBLEM_JSON = "application/problem+json"
BASE = "urn:openapi"
METHODS_WITHOUT_BODY = ("HEAD", "OPTIONS")


def check(method: str, path: str, response: Any, sent: object = None) -> None:
    """Raises AssertionError where the answer to `method` and `path` (below /api/v1, with its query) is not as
    documented. `sent` is the body of the request, where it was JSON."""
    method = method.upper()
    place = path.partition("?")[0]
    where = f"{method} {path}: {response.status_code}"
    if method in METHODS_WITHOUT_BODY:
        return
    found = _operations(place)
    if found is None:
        _is_problem(where, response, 404)
        return
    operation = found.get(method.lower())
    if operation is None:
        _is_problem(where, response, 405)
        return
    if response.status_code == 500:  # a defect, which no document promises
        _is_problem(where, response, 500, beside={"request_id"})
        return
    answer = operation["responses"].get(str(response.status_code))
    assert answer is not None, f"{where} is not documented: {_shown(response)}"
    _headers(where, answer, response)
    content = answer.get("content")
    if content is None:
        assert not getattr(response, "content", b""), f"{where}: no body is documented"
        return
    kind = response["Content-Type"].partition(";")[0]
    assert kind in content, f"{where}: {kind} is not documented"
    if "schema" in content[kind]:
        fits(where, content[kind]["schema"]["$ref"], response.json())
    if response.status_code < 300 and isinstance(sent, dict) and "requestBody" in operation:
        accepted = operation["requestBody"]["content"].get("application/json")
        if accepted is not None:
            fits(f"{where}: the request", accepted["schema"]["$ref"], json.loads(json.dumps(sent)))


def _headers(where: str, answer: dict[str, Any], response: HttpResponseBase) -> None:
    known = document()["components"]["headers"]
    told = {name for name in known if response.has_header(name)}
    silent = told - set(answer.get("headers", {}))
    assert not silent, f"{where}: headers {sorted(silent)} are not documented"
    for name in ("X-Request-Id", "RateLimit", "RateLimit-Policy"):
        assert name not in answer.get("headers", {}) or name in told, f"{where}: {name} is missing"


def _is_problem(where: str, response: Any, status: int, beside: Set[str] = frozenset()) -> None:
    assert response.status_code == status, f"{where}, but no document knows it: {_shown(response)}"
    assert response["Content-Type"] == PROBLEM_JSON, where
    body = {name: value for name, value in response.json().items() if name not in beside}
    fits(where, "#/components/schemas/Problem", body)


def fits(where: str, ref: str, value: object) -> None:
    """Raises AssertionError where a value is not what a component (`#/components/schemas/Money`) says."""
    validator = _validator(ref)
    if validator.is_valid(value):
        return
    faults = [_deepest(error) for error in validator.iter_errors(value)]
    words = "\n".join(f"  {error.json_path}: {error.message[:300]}" for error in faults)
    raise AssertionError(f"{where} is not {ref.rpartition('/')[2]}:\n{words}")


def _deepest(error: Any) -> Any:
    """The fault below a oneOf that says most."""
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return error


def _shown(response: Any) -> str:
    return str(getattr(response, "content", b"")[:500])


@cache
def _paths() -> list[tuple[re.Pattern[str], dict[str, Any]]]:
    def pattern(template: str) -> re.Pattern[str]:
        parts = re.split(r"\{[^}]+\}", template)
        return re.compile("[^/]+".join(re.escape(part) for part in parts))

    paths = document()["paths"].items()  # a fixed address goes before one with an id
    return [(pattern(path), methods) for path, methods in sorted(paths, key=lambda item: "{" in item[0])]


def _operations(path: str) -> dict[str, Any] | None:
    return next((methods for pattern, methods in _paths() if pattern.fullmatch(unquote(path))), None)


@cache
def _registry() -> Registry[Any]:
    return Registry().with_resource(BASE, Resource(contents=document(), specification=DRAFT202012))


@cache
def _validator(ref: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": BASE + ref}, registry=_registry())
