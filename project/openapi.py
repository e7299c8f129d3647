"""The OpenAPI 3.1 document, drawn from the views by drf-spectacular: `documented` says what a view cannot.

Read from the view itself: address, method, permission, parsers, the names of query parameters. Errors that follow from
those (400, 401, 403, 404, 411, 413, 415, 422, 429, 503) are added to every operation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry

from project import paging
from project.openapi_components import Body, Schema, Written, example_of, reference
from project.schemas import ConflictProblem, PaymentProblem, Problem, RateProblem, ident

F = TypeVar("F", bound=Callable[..., Any])
PROBLEM_JSON = "application/problem+json"
ATTRIBUTE = "openapi"
Examples = Mapping[str, Any] | Callable[[], Mapping[str, Any]]

REASONS = {
    400: "The request cannot be read: not JSON, or nothing that HTTP knows.",
    401: "No API key, or none that works.",
    402: "Not enough credit, or a budget blocks.",
    403: "The key's scopes, addresses or models do not allow it.",
    404: "There is no such thing in this team.",
    409: "Something stands in the way.",
    410: "No longer there.",
    411: "A body needs a Content-Length.",
    413: "The body is too large.",
    415: "The body's content type is not understood.",
    422: "Understood, but wrong: `errors` names each field or parameter.",
    429: "Too many requests: wait for Retry-After.",
    503: "Not available right now: try again after Retry-After.",
}
KINDS: dict[int, type[Problem]] = {402: PaymentProblem, 409: ConflictProblem, 429: RateProblem}
COMMON = ("X-Request-Id", "RateLimit-Policy", "RateLimit")  # of every answer
REMEMBERED = (402, 409)  # that an Idempotency-Key gives again
WAITS = (409, 429, 503)  # answers that may bear Retry-After


@dataclass(frozen=True)
class File:
    """An answer that is a file."""

    media_type: str


@dataclass(frozen=True)
class Doc:
    """What `documented` was told."""

    id: str
    tag: str
    summary: str
    description: str
    answers: Mapping[int, Body | File | None]
    request: Body | None = None
    errors: Mapping[int, Sequence[str]] = field(default_factory=dict)
    path: Mapping[str, Schema] = field(default_factory=dict)
    query: Mapping[str, Schema] = field(default_factory=dict)
    headers: Sequence[str] = ()
    examples: Examples = field(default_factory=dict)
    body_required: bool = True
    idempotent: bool = False
    waits: bool = False
    etag: bool = False


def documented(
    *,
    id: str,
    tag: str,
    summary: str,
    answers: Mapping[int, Body | File | None],
    description: str = "",
    request: Body | None = None,
    errors: Mapping[int, Sequence[str]] | None = None,
    path: Mapping[str, Schema] | None = None,
    query: Mapping[str, Schema] | None = None,
    headers: Sequence[str] = (),
    example: Any = None,
    examples: Examples | None = None,
    body_required: bool = True,
    idempotent: bool = False,
    waits: bool = False,
    etag: bool = False,
) -> Callable[[F], F]:
    """Documents one method of an ApiView; changes nothing about it.

    id           operationId, snake_case: the name of the call in clients
    answers      what there is by status: a pydantic model of project.schemas.Answer, `page_of(Model)`, a Written
                 schema, a File, or None for no body
    errors       statuses beside those that every such call has, each with its problem codes
    path, query  parameter -> its schema, with `description` in it; every name of the view's `parameters` needs one,
                 but cursor and limit
    headers      of the good answers, beside those that every answer has: ("Location",)
    example      a body that works in a new team; `examples` several by name (or a function that makes them)
    idempotent   takes Idempotency-Key; `waits`: takes Prefer: wait; `etag`: answers ETag and 304
    """
    doc = Doc(
        id=id,
        tag=tag,
        summary=summary,
        description=description,
        answers=answers,
        request=request,
        errors=errors or {},
        path=path or {},
        query=query or {},
        headers=headers,
        examples=examples if examples is not None else ({} if example is None else {"example": example}),
        body_required=body_required,
        idempotent=idempotent,
        waits=waits,
        etag=etag,
    )

    def mark(method: F) -> F:
        setattr(method, ATTRIBUTE, doc)
        return method

    return mark


def named(prefix: str, description: str) -> Schema:
    """A path parameter that is a public id."""
    return {**ident(prefix), "description": description}


class Generator(SchemaGenerator):
    """Ids are called `id` in addresses."""

    def coerce_path(self, path: str, method: str, view: Any) -> str:
        found: str = super().coerce_path(path, method, view)  # type: ignore[no-untyped-call]
        return found.replace("{public_id}", "{id}")


class ViewSchema(AutoSchema):
    """One operation of an ApiView (REST framework's DEFAULT_SCHEMA_CLASS). Raises for a method without `documented`."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any]:
        self.registry, self.path, self.method = registry, path, method
        doc = getattr(getattr(self.view, method.lower()), ATTRIBUTE, None)
        if not isinstance(doc, Doc):
            raise LookupError(f"{method} {path}: {type(self.view).__name__} needs @documented (project/openapi.py)")
        view: Any = self.view
        permission = view.permission_of(_Asked(method))
        operation: dict[str, Any] = {"operationId": doc.id, "tags": [doc.tag], "summary": doc.summary}
        if doc.description:
            operation["description"] = doc.description
        if parameters := self._parameters(doc):
            operation["parameters"] = parameters
        if doc.request is not None:
            operation["requestBody"] = self._request(doc, doc.request)
        operation["responses"] = self._responses(doc)
        if permission is not None:
            operation["security"] = [{"key": []}]
            operation["x-permission"] = permission
        return operation

    # --- what is sent -------------------------------------------------------------------------------------------
    def _parameters(self, doc: Doc) -> list[Schema]:
        names = [part[1:-1] for part in self.path.split("/") if part.startswith("{")]
        if set(names) != set(doc.path):
            raise LookupError(f"{doc.id}: documented path parameters {sorted(doc.path)}, the address has {names}")
        found = [{"name": name, "in": "path", "required": True, **_split(doc.path[name])} for name in names]
        view: Any = self.view
        known = set(view.parameters) if self.method == "GET" else set()
        if known - paging.PARAMETERS != set(doc.query):
            raise LookupError(f"{doc.id}: documented parameters {sorted(doc.query)}, the view takes {sorted(known)}")
        for name, schema in doc.query.items():
            if name.endswith("."):  # a prefix: each property of the object is a parameter of its own
                found.append(
                    {"name": name.rstrip("."), "in": "query", "style": "form", "explode": True, **_split(schema)}
                )
            else:
                found.append({"name": name, "in": "query", **_split(schema)})
        shared = [name for name in ("cursor", "limit") if name in known]
        marks = {"idempotency-key": doc.idempotent, "prefer": doc.waits, "if-none-match": doc.etag}
        titles = {"cursor": "Cursor", "limit": "Limit", "idempotency-key": "IdempotencyKey", "prefer": "Prefer"}
        titles["if-none-match"] = "IfNoneMatch"
        shared += [name for name, on in marks.items() if on]
        return [*found, *({"$ref": f"#/components/parameters/{titles[name]}"} for name in shared)]

    def _request(self, doc: Doc, body: Body) -> Schema:
        content: Schema = {"schema": reference(self.registry, body)}
        examples = doc.examples() if callable(doc.examples) else doc.examples
        if examples:
            content["examples"] = {name: {"value": value} for name, value in examples.items()}
        media = {str(kind): content for kind in self.map_parsers()}
        return {"required": True, "content": media} if doc.body_required else {"content": media}

    # --- what is answered ---------------------------------------------------------------------------------------
    def _responses(self, doc: Doc) -> Schema:
        found: Schema = {}
        for status, body in doc.answers.items():
            found[str(status)] = self._answer(doc, status, body)
        if doc.etag:
            found["304"] = {"description": "Nothing has changed.", "headers": _headers(["ETag", *COMMON])}
        for status in sorted(self._error_statuses(doc)):
            found[str(status)] = self._problem(doc, status)
        return found

    def _answer(self, doc: Doc, status: int, body: Body | File | None) -> Schema:
        headers = [*doc.headers]
        if doc.idempotent:
            headers.append("Idempotency-Replayed")
        if doc.waits:
            headers.append("Preference-Applied")
        if doc.etag:
            headers.append("ETag")
        answer: Schema = {"description": doc.summary + ".", "headers": _headers([*headers, *COMMON])}
        if isinstance(body, File):
            answer["content"] = {body.media_type: {}}
        elif body is not None:
            schema = reference(self.registry, body)
            answer["content"] = {"application/json": {"schema": schema, "example": example_of(schema, self.registry)}}
        return answer

    def _error_statuses(self, doc: Doc) -> set[int]:
        found = {400, 422, 429, 503, *doc.errors}  # 400: too many parameters
        if self.view.authentication_classes:  # an open call too refuses a key that does not open
            found |= {401, 403}
        if doc.path:
            found.add(404)
        if doc.request is not None:
            found |= {411, 413, 415}
        return found

    def _problem(self, doc: Doc, status: int) -> Schema:
        codes = doc.errors.get(status, ())
        schema = reference(self.registry, KINDS.get(status, Problem))
        headers = [*COMMON]
        if doc.idempotent and status in REMEMBERED:
            headers.append("Idempotency-Replayed")
        if status in WAITS:
            headers.append("Retry-After")
        if status == 401:
            headers.append("WWW-Authenticate")
        answer: Schema = {
            "description": REASONS[status],
            "headers": _headers(headers),
            "content": {PROBLEM_JSON: {"schema": schema}},
        }
        if codes:
            answer["x-codes"] = list(codes)
        return answer


@dataclass(frozen=True)
class _Asked:
    """As much of a request as ApiView.permission_of reads."""

    method: str


def _headers(names: Sequence[str]) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _split(schema: Schema) -> Schema:
    """A parameter's object of its schema: description and example belong to the parameter."""
    inner = {name: value for name, value in schema.items() if name not in ("description", "examples")}
    found: Schema = {"schema": inner}
    if "description" in schema:
        found["description"] = schema["description"]
    if schema.get("examples"):
        found["example"] = schema["examples"][0]
    return found


__all__ = ["Doc", "File", "Generator", "ViewSchema", "Written", "documented", "named"]
