"""Bodies of the calls about webhooks. What an address may be is endpoints' to judge."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from accounts.models import EventType
from accounts.webhooks import endpoints, secrets
from project.bodies import Body, read

_NAMES = [str(kind) for kind in endpoints.LISTENABLE]
SENTENCES = {
    "url": f"must be a public https address of at most {endpoints.LONGEST_URL} characters",
    "events": f"must be a list of {', '.join(_NAMES)}; empty for all",
    "description": f"must be a text of at most {endpoints.LONGEST_DESCRIPTION} characters",
    "status": "must be enabled or disabled",
    "overlap_hours": f"must be a whole number of hours from 0 to {secrets.LONGEST_OVERLAP}",
    "type": f"must be one of {', '.join(EventType.values)}",
}
_URL: dict[str, Any] = {
    "type": "string",
    "format": "uri",
    "description": "A public https address, port 443.",
    "minLength": 1,
    "maxLength": endpoints.LONGEST_URL,
    "examples": ["https://example.com/hooks"],
}
_EVENTS: dict[str, Any] = {
    "type": "array",
    "items": {"type": "string", "enum": _NAMES},
    "description": "What it listens to; empty for all, those that are added later too.",
    "examples": [["generation.succeeded", "generation.failed"]],
}
Url = Annotated[str, Field(min_length=1, max_length=endpoints.LONGEST_URL), WithJsonSchema(_URL)]
Events = Annotated[list[str], Field(max_length=100), WithJsonSchema(_EVENTS)]
Description = Annotated[
    str,
    Field(max_length=endpoints.LONGEST_DESCRIPTION, description="For your own people.", examples=["Our studio"]),
]


class WebhookEndpointBody(Body):
    """`{url, events?, description?}`."""

    url: Url
    events: Events = Field(default=[])
    description: Description = ""


class WebhookEndpointChange(Body):
    """What is to change; what is left out stays."""

    url: Annotated[Url, Field(default=None)]
    events: Annotated[Events, Field(default=None)]
    description: Annotated[Description, Field(default=None)]
    status: Annotated[Literal["enabled", "disabled"], Field(default=None)]


class SecretRotation(Body):
    """`{overlap_hours?}`."""

    overlap_hours: Annotated[
        int,
        Field(
            ge=0,
            le=secrets.LONGEST_OVERLAP,
            description="So long the secret before signs too; 0 ends every earlier one now.",
        ),
    ] = secrets.USUAL_OVERLAP


class WebhookTest(Body):
    """`{type?}`."""

    type: Annotated[
        str,
        WithJsonSchema({"type": "string", "enum": EventType.values, "description": "An example of this event."}),
    ] = str(EventType.TEST)


def endpoint(body: object) -> WebhookEndpointBody:
    """The body of POST /webhook-endpoints. Raises Invalid."""
    return read(WebhookEndpointBody, body, sentences=SENTENCES)


def change(body: object) -> dict[str, Any]:
    """The fields of PATCH /webhook-endpoints/{id} that are given. Raises Invalid."""
    found = read(WebhookEndpointChange, body, sentences=SENTENCES)
    return {name: getattr(found, name) for name in found.model_fields_set}


def rotation(body: object) -> int:
    """The hours of overlap that a rotation asks for. Raises Invalid."""
    return read(SecretRotation, body, sentences=SENTENCES).overlap_hours


def trial(body: object) -> str:
    """The event type that a test asks for. Raises Invalid."""
    return read(WebhookTest, body, sentences=SENTENCES).type
