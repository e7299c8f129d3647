"""What drf-spectacular is told (SPECTACULAR_SETTINGS)."""

from __future__ import annotations

from typing import Any

DESCRIPTION = """\
Make video and images with many models, paid from one prepaid wallet. The guide and every call to read: `/api/v1/docs`.

Every body is JSON (uploads: multipart), every error is RFC 9457 problem details with a stable `code`, every time is
RFC 3339 in UTC, every amount an exact decimal text in US dollars and credits. Unknown fields and parameters are
refused. Version 1 only grows: calls, optional fields, answers' fields and event types may be added; nothing leaves.
"""

TAGS = [
    {"name": "Models", "description": "What is on offer, what it takes and what it costs."},
    {"name": "Quotes", "description": "A price that binds for 10 minutes."},
    {"name": "Generations", "description": "Make one, follow it, get its files, see what it cost and why."},
    {"name": "Batches", "description": "Up to 100 requests at once, or a grid of models, prompts and settings."},
    {"name": "Prompts", "description": "A language model writes a better prompt from your words."},
    {"name": "Uploads", "description": "Your own images, to start from."},
    {"name": "Wallet", "description": "What there is, what is held, every line of the statement."},
    {"name": "Key", "description": "What the key that asks may do, and spend."},
    {"name": "Webhooks", "description": "We tell you: endpoints, deliveries, secrets."},
    {"name": "About", "description": "This document."},
]


def _header(description: str, example: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"description": description, "schema": schema or {"type": "string"}, "example": example}


_SECONDS = {"type": "string", "pattern": "^[0-9]+$"}
HEADERS = {
    "X-Request-Id": _header("Names this request in our log; tell us when you ask about it.", "5f1d7a84c4c44d3a"),
    "Location": _header("The address of what was made.", "https://framehouse.example/api/v1/generations/gen_0f8b"),
    "Retry-After": _header("Whole seconds to wait before the next try.", "2", _SECONDS),
    "RateLimit-Policy": _header("The limits that apply: requests (q) in seconds (w).", '"key";q=600;w=60'),
    "RateLimit": _header("What is left (r) of them, and in how many seconds (t) more is.", '"key";r=599;t=1'),
    "Idempotency-Replayed": _header("`true`: the first answer to this Idempotency-Key, given again.", "true"),
    "Preference-Applied": _header("`wait=N`: the answer waited for the end, N seconds at most.", "wait=30"),
    "ETag": _header("The version of this answer, for `If-None-Match`.", '"5f1d7a84"'),
    "WWW-Authenticate": _header("How to authenticate.", 'Bearer realm="framehouse"'),
}

PARAMETERS = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "1 to 255 printable ASCII characters of your choice, new for each new request. The same key with"
        " the same request gets the first answer again for 72 hours: nothing is made or charged twice.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
        "example": "order-1807-take-1",
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": "`wait=N`: answer when it has ended, or after N seconds (60 at most) as it is then.",
        "schema": {"type": "string", "maxLength": 255},
        "example": "wait=60",
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag of an earlier answer: 304 without a body when nothing has changed.",
        "schema": {"type": "string"},
    },
    "Cursor": {
        "name": "cursor",
        "in": "query",
        "description": "Where to go on: do not make one up, follow `next` and `previous`.",
        "schema": {"type": "string"},
    },
    "Limit": {
        "name": "limit",
        "in": "query",
        "description": "How many at most.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 100},
        "example": 20,
    },
}

SETTINGS: dict[str, Any] = {
    "TITLE": "Framehouse API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": DESCRIPTION,
    "SERVERS": [{"url": "/api/v1"}],
    "TAGS": TAGS,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SCHEMA_PATH_PREFIX_TRIM": True,
    "SORT_OPERATIONS": False,
    "DEFAULT_GENERATOR_CLASS": "project.openapi.Generator",
    "POSTPROCESSING_HOOKS": ["project.openapi_events.add"],
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "key": {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "fh_live_...",
                "description": "A team's API key, made at /team/keys.",
            }
        },
        "headers": HEADERS,
        "parameters": PARAMETERS,
    },
}
