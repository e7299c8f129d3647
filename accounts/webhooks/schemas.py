"""Answers about webhooks as the OpenAPI document shows them: read for the document, and held against every answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from accounts.models import DeliveryStatus, DisabledReason, EventType, TryOutcome
from project.schemas import Answer, Time, Url, Whole, answer_id, page_of

Secret = Annotated[str, Field(pattern="^whsec_", examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="])]


class WebhookEndpoint(Answer):
    """An address that hears of the team's events."""

    id: Annotated[str, answer_id("whe")]
    url: Url
    description: str
    events: Annotated[list[EventType], Field(description="What it listens to; empty: all.")]
    status: Literal["enabled", "disabled"]
    disabled_reason: DisabledReason | None
    failing_since: Annotated[Time | None, Field(description="The first failed try since the last one that was heard.")]
    previous_secret_expires_at: Annotated[Time | None, Field(description="Until then an earlier secret signs too.")]
    created_at: Time


class WebhookEndpointWithSecret(WebhookEndpoint):
    """An endpoint and its new secret, which is shown only here."""

    secret: Secret


class TeamSecret(Answer):
    """The secret that signs what a request's own `webhook_url` is told."""

    created_at: Annotated[Time | None, Field(description="Null as long as none was needed.")]
    previous_expires_at: Annotated[Time | None, Field(description="Until then an earlier secret signs too.")]


class NewTeamSecret(TeamSecret):
    """The new secret, which is shown only here."""

    secret: Secret


class WebhookEvent(Answer):
    """What happened."""

    id: Annotated[str, answer_id("evt")]
    type: EventType
    created_at: Time


class Delivery(Answer):
    """One event on its way to one address."""

    id: Annotated[str, answer_id("dlv")]
    event: WebhookEvent
    endpoint: Annotated[str, answer_id("whe")] | None
    url: Url
    status: DeliveryStatus
    tries: Annotated[Whole, Field(description="Since it was made, or redelivered.")]
    next_try_at: Time | None
    last_status: Annotated[int | None, Field(description="The HTTP status of the last answer.")]
    created_at: Time
    ended_at: Time | None


class WebhookMessage(Answer):
    """What a receiver gets as the body."""

    id: Annotated[str, answer_id("evt")]
    type: EventType
    timestamp: Time
    sequence: Annotated[int, Field(ge=1, description="Counts the events of one thing (this generation) from 1.")]
    data: Annotated[dict[str, Any], Field(description="What it is about, as it was then; links are signed anew.")]


class DeliveryAttempt(Answer):
    """One try."""

    number: Annotated[int, Field(ge=1)]
    url: Url
    started_at: Time
    duration_ms: Whole | None
    outcome: Annotated[TryOutcome | None, Field(description="Null while it is under way.")]
    status: int | None
    headers: Annotated[dict[str, str], Field(description="What we sent.")]
    response_headers: dict[str, str]
    response_body: Annotated[str, Field(description="At most 64 KiB of it.")]
    truncated: bool


class WholeDelivery(Delivery):
    """A delivery with its message and tries."""

    body: WebhookMessage
    attempts: list[DeliveryAttempt]


WebhookEndpointPage = page_of(WebhookEndpoint)
DeliveryPage = page_of(Delivery)
