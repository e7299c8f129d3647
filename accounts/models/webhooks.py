"""Outgoing webhooks: what happened, who wants to hear of it, and what became of telling them (design section 6).

Events are written in the transaction of the fact, deliveries with them; a job and the clock send them. They live here,
beside keys, because billing has facts to tell too and never hears of generations.
"""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models.teams import Team
from project.ids import public


class EventType(models.TextChoices):
    """What can be told, as `noun.verb`. `webhook.test` is only sent by hand."""

    GENERATION_RUNNING = "generation.running", "A generation began to run"
    GENERATION_SUCCEEDED = "generation.succeeded", "A generation succeeded"
    GENERATION_FAILED = "generation.failed", "A generation failed"
    GENERATION_CANCELED = "generation.canceled", "A generation was canceled"
    WALLET_LOW = "wallet.low", "The wallet is low"
    BUDGET_REACHED = "budget.reached", "A budget is reached"
    PAYMENT_PAID = "payment.paid", "A payment was paid"
    TEST = "webhook.test", "A test"


class EndpointStatus(models.TextChoices):
    ENABLED = "enabled"
    DISABLED = "disabled"


class DisabledReason(models.TextChoices):
    FAILING = "failing", "It failed for too long"
    GONE = "gone", "It answered 410 Gone"
    BY_MEMBER = "by_member", "Somebody of the team turned it off"


class WebhookEndpoint(models.Model):
    """An address of a team that hears of its events. Empty `events` are all of them. It ends, it is never deleted."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="webhook_endpoints")
    url = models.CharField(max_length=2048)
    description = models.CharField(max_length=200, blank=True)
    events = ArrayField(models.CharField(max_length=40), default=list)
    status = models.CharField(max_length=8, choices=EndpointStatus.choices, default=EndpointStatus.ENABLED)
    disabled_reason = models.CharField(max_length=10, choices=DisabledReason.choices, blank=True)
    failing_since = models.DateTimeField(null=True)  # the first failed try since the last one that was heard
    warned_at = models.DateTimeField(null=True)  # when its team was mailed that it fails
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["team", "-id"], condition=Q(deleted_at=None), name="webhook_endpoint_of_team")]
        constraints = [
            models.UniqueConstraint(fields=["id", "team"], name="webhook_endpoint_in_team"),
            models.CheckConstraint(
                condition=Q(status="enabled", disabled_reason="")
                | Q(status="disabled", disabled_reason__in=DisabledReason.values),
                name="webhook_endpoint_disabled_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public("whe", self.uuid)

    @property
    def url_shown(self) -> str:
        """Its host: the rest of an address may be a secret of its receiver's."""
        return urlsplit(self.url).netloc[:253]


class WebhookSecret(models.Model):
    """A signing secret, sealed (project.sealing): of an endpoint, or the team's own for a request's `webhook_url`.

    The current one has no end. Rotation gives the one before an end and adds another: until then messages carry two
    signatures."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    endpoint = models.ForeignKey(WebhookEndpoint, models.PROTECT, null=True, related_name="secrets")
    sealed = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint"],
                condition=Q(ends_at=None, endpoint__isnull=False),
                name="webhook_endpoint_one_current_secret",
            ),
            models.UniqueConstraint(
                fields=["team"], condition=Q(ends_at=None, endpoint=None), name="webhook_team_one_current_secret"
            ),
        ]

    def __str__(self) -> str:
        return f"webhook secret {self.pk}"


class OutgoingEvent(models.Model):
    """What happened, as it was at that moment. Append-only (trigger); removed with its deliveries after 30 days.

    `subject` is the public id of what it is about; `sequence` counts the events of one subject from 1. `files` are the
    stored names that `payload` leaves a place for, by path (`outputs.0.url`): links are signed when it is sent, so a
    dump holds none. `replaced`, once it is there, is what is told in place of those fields of `payload`: what stood
    in them was deleted."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    type = models.CharField(max_length=40, choices=EventType.choices)
    subject = models.CharField(max_length=80)
    sequence = models.PositiveIntegerField()
    payload = models.JSONField()
    files = models.JSONField(default=dict)
    replaced = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="outgoing_event_age")]
        constraints = [
            models.UniqueConstraint(fields=["team", "subject", "sequence"], name="outgoing_event_in_order"),
            models.UniqueConstraint(fields=["id", "team"], name="outgoing_event_in_team"),
            models.CheckConstraint(condition=Q(type__in=EventType.values), name="outgoing_event_type_known"),
            models.CheckConstraint(condition=Q(sequence__gte=1), name="outgoing_event_counted_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.type} of {self.subject}"

    @property
    def public_id(self) -> str:
        return public("evt", self.uuid)

    @property
    def by_hand(self) -> bool:
        """Whether somebody sent it to try an endpoint: its subject is the endpoint itself."""
        return self.subject.startswith("whe_")


class DeliveryStatus(models.TextChoices):
    """pending -> delivered, failed or canceled; a redelivery makes an ended one pending again."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELED = "canceled"


class Delivery(models.Model):
    """One event on its way to one address: of an endpoint, or of a request's own `webhook_url` (no endpoint).

    The row is the truth: `next_action_at` says when the next try is due, `leased_until` that somebody is trying now, at
    `host`. While it is pending its `url` follows the endpoint's; `asked_by` wants the next try before its time."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    event = models.ForeignKey(OutgoingEvent, models.CASCADE, related_name="deliveries")
    endpoint = models.ForeignKey(WebhookEndpoint, models.PROTECT, null=True, related_name="deliveries")
    url = models.CharField(max_length=2048)
    status = models.CharField(max_length=9, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING)
    tries = models.PositiveSmallIntegerField(default=0)  # of the schedule; a redelivery begins it anew
    last_status = models.PositiveSmallIntegerField(null=True)  # HTTP
    next_action_at = models.DateTimeField(null=True, db_default=Now())
    rung_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    host = models.CharField(max_length=261, blank=True)  # name and port, from the first try on
    asked_by = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        indexes = [
            models.Index(fields=["next_action_at"], condition=Q(status="pending"), name="delivery_due"),
            models.Index(fields=["endpoint", "-id"], name="delivery_of_endpoint"),
            models.Index(fields=["host"], condition=Q(leased_until__isnull=False), name="delivery_in_flight"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "endpoint"], condition=Q(endpoint__isnull=False), name="delivery_once_an_endpoint"
            ),
            models.UniqueConstraint(fields=["event"], condition=Q(endpoint=None), name="delivery_once_a_request"),
            models.CheckConstraint(
                condition=Q(status="pending", next_action_at__isnull=False, ended_at=None)
                | (~Q(status="pending") & Q(next_action_at=None, ended_at__isnull=False)),
                name="delivery_due_while_pending",
            ),
            models.CheckConstraint(condition=Q(status__in=DeliveryStatus.values), name="delivery_status_known"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public("dlv", self.uuid)


class TryOutcome(models.TextChoices):
    """What became of one try. Only `delivered` (2xx) is heard; a redirect is not followed."""

    DELIVERED = "delivered", "Heard"
    REFUSED = "refused", "It answered with an error"
    REDIRECTED = "redirected", "It answered with a redirect, which is not followed"
    GONE = "gone", "It answered 410 Gone"
    TIMED_OUT = "timed_out", "It did not answer in time"
    UNREACHABLE = "unreachable", "It cannot be reached"
    FORBIDDEN = "forbidden", "The address is not one that we call"
    BROKEN = "broken", "The connection broke, or the answer was no HTTP"
    LOST = "lost", "Our sender stopped in the middle"


class DeliveryAttempt(models.Model):
    """One try: what we sent (headers; the body is the event's) and what came back, at most 64 KiB of it read."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    by = models.CharField(max_length=80, default="schedule")  # or the actor who redelivered
    url = models.CharField(max_length=2048)
    headers = models.JSONField(default=dict)
    started_at = models.DateTimeField(db_default=Now())
    duration_ms = models.PositiveIntegerField(null=True)
    outcome = models.CharField(max_length=11, choices=TryOutcome.choices, blank=True)  # "" while under way
    status = models.PositiveSmallIntegerField(null=True)
    response_headers = models.JSONField(default=dict)
    response_body = models.TextField(blank=True)
    truncated = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["delivery", "number"], name="delivery_attempt_numbered"),
            models.CheckConstraint(condition=Q(number__gte=1), name="delivery_attempt_from_one"),
            models.CheckConstraint(
                condition=Q(outcome="", duration_ms=None) | ~Q(outcome="") & Q(duration_ms__isnull=False),
                name="delivery_attempt_timed_when_over",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="delivered") | Q(status__gte=200, status__lt=300),
                name="delivery_attempt_heard_by_2xx",
            ),
        ]

    def __str__(self) -> str:
        return f"try {self.number} of {self.delivery_id}"
