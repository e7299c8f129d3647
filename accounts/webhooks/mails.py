"""Mail about endpoints that do not hear us: to the team's owners and admins, in the transaction of the fact."""

from __future__ import annotations

from django.conf import settings

from accounts import managers
from accounts.models import DeliveryAttempt, TryOutcome, WebhookEndpoint
from accounts.notify import mail


def failing(endpoint: WebhookEndpoint) -> None:
    """It has failed for a day without one success."""
    _to_managers(endpoint, "webhook_endpoint_failing", _last_fault(endpoint))


def disabled(endpoint: WebhookEndpoint) -> None:
    """It was turned off by us: it failed for too long, or answered 410 Gone."""
    _to_managers(endpoint, "webhook_endpoint_disabled", endpoint.get_disabled_reason_display())


def _last_fault(endpoint: WebhookEndpoint) -> str:
    tries = DeliveryAttempt.objects.filter(delivery__endpoint=endpoint).exclude(outcome__in=["", TryOutcome.DELIVERED])
    last = tries.order_by("-delivery_id", "-number").first()
    if last is None:
        return "It fails"
    return f"{last.get_outcome_display()}{f' ({last.status})' if last.status else ''}"


def _to_managers(endpoint: WebhookEndpoint, template: str, reason: str) -> None:
    context = {
        "team": endpoint.team,
        "endpoint": endpoint,
        "reason": reason,
        "since": endpoint.failing_since,
        "link": f"{settings.SITE_URL}/teams/{endpoint.team.public_id}/go?to=/webhooks/{endpoint.public_id}",
    }
    for user in managers.of(endpoint.team):
        mail(to=user.email, template=template, context=context)
