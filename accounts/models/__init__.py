"""Rows of who you are and whose it is. Writing verbs live in the module named after the noun, getters in access.py."""

from accounts.models.audit import Action, AuditEvent
from accounts.models.keys import ApiKey, ApiKeySecret
from accounts.models.people import AddressChange, User
from accounts.models.teams import Invitation, InvitationStatus, Membership, Role, Team, TeamStatus
from accounts.models.webhooks import (
    Delivery,
    DeliveryAttempt,
    DeliveryStatus,
    DisabledReason,
    EndpointStatus,
    EventType,
    OutgoingEvent,
    TryOutcome,
    WebhookEndpoint,
    WebhookSecret,
)

__all__ = [
    "Action",
    "AddressChange",
    "ApiKey",
    "ApiKeySecret",
    "AuditEvent",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryStatus",
    "DisabledReason",
    "EndpointStatus",
    "EventType",
    "Invitation",
    "InvitationStatus",
    "Membership",
    "OutgoingEvent",
    "Role",
    "Team",
    "TeamStatus",
    "TryOutcome",
    "User",
    "WebhookEndpoint",
    "WebhookSecret",
]
