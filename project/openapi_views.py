"""GET /api/v1/openapi.json: the document as it is checked in, and no key needed."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.request import Request

from project.api import ApiView
from project.openapi import Generator, Written, documented
from project.openapi_growth import opened

FRESH_SECONDS = 300
ANY = Written("OpenApiDocument", lambda: {"OpenApiDocument": {"type": "object", "additionalProperties": True}})


class OpenApiView(ApiView):
    """The document. It changes with a release only, so it is made once in a process."""

    permission = None

    @documented(
        id="get_openapi",
        tag="About",
        summary="Read this document",
        description="OpenAPI 3.1; needs no key.",
        answers={200: ANY},
        etag=True,
    )
    def get(self, request: Request) -> HttpResponseBase:
        text, etag = served()
        response = HttpResponse(text, content_type="application/json")
        response["ETag"] = etag
        response["Cache-Control"] = f"public, max-age={FRESH_SECONDS}"
        return get_conditional_response(request._request, etag=etag, response=response) or response


@cache
def document() -> dict[str, Any]:
    """The document as an object, in the order of the addresses, with closed answers. Shared: do not change it."""
    generator = Generator()  # type: ignore[no-untyped-call]
    made: dict[str, Any] = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
    return made


@cache
def published() -> dict[str, Any]:
    """The document that customers get: its answers may grow."""
    return opened(document())


@cache
def served() -> tuple[bytes, str]:
    """The document as bytes, and its ETag."""
    text = written(published()).encode()
    return text, f'"{hashlib.sha256(text).hexdigest()[:32]}"'


def written(content: dict[str, Any]) -> str:
    """A document as a file: two with the same text are the same document."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def compact(content: dict[str, Any]) -> str:
    """A document that only programs compare."""
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n"
