"""What Stripe told us: one row an event, kept as it came, after its signature was checked."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class EventStatus(models.TextChoices):
    """received -> processed, ignored (nothing of ours, with the reason) or failed (until staff run it again)."""

    RECEIVED = "received"
    PROCESSED = "processed"
    FAILED = "failed"
    IGNORED = "ignored"


class StripeEvent(models.Model):
    """An event is only a hint: what it is about is fetched from Stripe before any money moves."""

    event_id = models.CharField(max_length=80, unique=True)
    type = models.CharField(max_length=80)
    object_id = models.CharField(max_length=120, blank=True)
    account = models.CharField(max_length=80, blank=True)
    livemode = models.BooleanField()
    api_version = models.CharField(max_length=40, blank=True)
    payload = models.TextField()
    source = models.CharField(max_length=7)
    status = models.CharField(max_length=9, choices=EventStatus.choices, default=EventStatus.RECEIVED)
    outcome = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_action_at = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now())
    processed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_action_at"], condition=Q(next_action_at__isnull=False), name="stripe_event_due"),
            models.Index(fields=["status", "-id"], name="stripe_event_by_status"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=EventStatus.values), name="stripe_event_status_known"),
            models.CheckConstraint(condition=Q(source__in=["webhook", "sweep"]), name="stripe_event_source_known"),
            models.CheckConstraint(
                condition=Q(status="received", next_action_at__isnull=False)
                | (~Q(status="received") & Q(next_action_at=None)),
                name="stripe_event_due_iff_received",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.event_id}"


class StripeWatch(models.Model):
    """Up to when Stripe's list of events was compared with ours. One row."""

    compared_until = models.DateTimeField()
    next_action_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(models.Value(1), name="stripe_watch_one")]

    def __str__(self) -> str:
        return f"compared until {self.compared_until}"
