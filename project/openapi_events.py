"""What webhooks are told, beside the calls of the OpenAPI document: the same shapes, sent by us."""

from __future__ import annotations

from typing import Any

from accounts.models import EventType
from accounts.webhooks.schemas import WebhookMessage
from project.openapi_components import REF, Schema, schemas_of

GENERATION = "Generation"
HEADERS = {
    "webhook-id": "The event's id: the same when it is sent again.",
    "webhook-timestamp": "When it was sent, in seconds since 1970: refuse what is older than five minutes.",
    "webhook-signature": "`v1,` and an HMAC-SHA256 of `id.timestamp.body` in base64; two, a space between them, while"
    " a secret is being replaced.",
}


def add(result: Schema, **context: Any) -> Schema:
    """The document with its webhooks (drf-spectacular's POSTPROCESSING_HOOKS)."""
    components = result["components"]["schemas"]
    components |= schemas_of(WebhookMessage)
    message = components[WebhookMessage.__name__]
    result["webhooks"] = {}
    for kind in EventType:
        subject = kind.value.partition(".")[0]
        name = WebhookMessage.__name__
        if subject == "generation":
            name = "GenerationMessage"
            data = {"$ref": REF + GENERATION}
            components[name] = {**message, "properties": {**message["properties"], "data": data}}
        result["webhooks"][kind.value] = {"post": _event(kind, name)}
    return result


def _event(kind: EventType, name: str) -> Schema:
    parameters = [
        {"name": header, "in": "header", "required": True, "description": words, "schema": {"type": "string"}}
        for header, words in HEADERS.items()
    ]
    return {
        "operationId": f"on_{kind.value.replace('.', '_')}",
        "tags": ["Webhooks"],
        "summary": kind.label,
        "parameters": parameters,
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"$ref": REF + name}}}},
        "responses": {"2XX": {"description": "Heard. Anything else is sent again, later."}},
    }
