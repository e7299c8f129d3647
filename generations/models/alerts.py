"""Alerts to the operator's people: rules, what is on, who was told."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from project.ids import public


class AlertKind(models.TextChoices):
    """What is watched: a closed list."""

    LOSS = "loss", "A variant loses money"
    GAP = "gap", "The books and a provider's balance differ"
    BALANCE_LOW = "balance_low", "A provider's balance runs out"
    ERROR_RATE = "error_rate", "A provider fails too often"
    UNKNOWN_RATE = "unknown_rate", "Too many outcomes are unknown"
    STUCK_HOLDS = "stuck_holds", "Credit is held past its deadline"
    HEARTBEAT = "heartbeat", "A queue or the check of the books stands still"
    LEDGER = "ledger", "The books do not hold"
    CALLBACKS = "callbacks", "Callbacks are forged or altered"
    LOST_TASK = "lost_task", "A provider billed what we never charged"


class AlertRule(models.Model):
    """When an alert of a kind goes on and off again. The unit of both is the kind's (parts per million, days,
    micro-dollars, a count): alert_specs says which. Off needs `calm_seconds` without a break.

    `measured_since`: since when the watch has looked without a break; `failing_since` and `failure`: since when it
    could not, and the error's name."""

    kind = models.CharField(max_length=12, choices=AlertKind.choices, primary_key=True)
    enabled = models.BooleanField(default=True)
    on_at = models.BigIntegerField()
    off_at = models.BigIntegerField()
    at_least = models.PositiveIntegerField(default=0)  # cases before a rate means anything
    calm_seconds = models.PositiveIntegerField(default=600)
    changed_by = models.CharField(max_length=80, default="system")
    changed_at = models.DateTimeField(auto_now=True)
    measured_since = models.DateTimeField(null=True)
    measured_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failure = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=AlertKind.values), name="alert_rule_kind_known"),
            models.CheckConstraint(
                condition=Q(failing_since=None, failure="") | (Q(failing_since__isnull=False) & ~Q(failure="")),
                name="alert_rule_failure_is_named",
            ),
        ]

    def __str__(self) -> str:
        return self.kind


class Alert(models.Model):
    """One thing that is wrong, from when it was first seen to when it was calm again. One open a kind and subject.

    Acknowledged: somebody of the staff knows of it and said what is done about it. It stays on until it is calm."""

    kind = models.CharField(max_length=12, choices=AlertKind.choices)
    subject = models.CharField(max_length=200)
    value = models.BigIntegerField()  # as last seen while on, in the rule's unit
    worst = models.BigIntegerField()
    text = models.CharField(max_length=300)
    opened_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    calm_since = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=80, blank=True, db_default="")
    acknowledgement = models.CharField(max_length=200, blank=True, db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["-opened_at"], name="alert_newest"),
            models.Index(fields=["-closed_at", "-id"], condition=Q(closed_at__isnull=False), name="alert_ended"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=AlertKind.values), name="alert_kind_known"),
            models.UniqueConstraint(fields=["kind", "subject"], condition=Q(closed_at=None), name="alert_one_open"),
            models.CheckConstraint(
                condition=Q(closed_at=None) | Q(closed_at__gte=models.F("opened_at")), name="alert_ends_after_its_begin"
            ),
            models.CheckConstraint(
                condition=Q(acknowledged_at=None, acknowledged_by="", acknowledgement="")
                | (Q(acknowledged_at__isnull=False) & ~Q(acknowledged_by="") & ~Q(acknowledgement="")),
                name="alert_acknowledged_by_somebody_with_words",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class AlertNotice(models.Model):
    """That an alert went on or off, or a test of the channels; told once a channel. An e-mail is sent when it lies in
    the outbox; a webhook is tried again until it is taken or given up. `told` are addresses, or the webhook's host.

    The sender's lease is `next_action_at`: moved on before the call, under the row's lock."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    alert = models.ForeignKey(Alert, models.CASCADE, null=True, related_name="notices")
    what = models.CharField(max_length=6)  # "on", "off" or "test"
    channel = models.CharField(max_length=7)  # "email" or "webhook"
    status = models.CharField(max_length=7, default="waiting")  # waiting, sent, failed
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=120, blank=True)
    told = models.JSONField(default=list)
    payload = models.JSONField(null=True)  # what the webhook says: of the fact, not of the try
    rung_at = models.DateTimeField(null=True)
    made_at = models.DateTimeField(db_default=Now())
    next_action_at = models.DateTimeField(null=True, db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["next_action_at"], condition=Q(status="waiting"), name="alert_notice_due")]
        constraints = [
            models.CheckConstraint(condition=Q(what__in=["on", "off", "test"]), name="alert_notice_what_known"),
            models.CheckConstraint(
                condition=Q(what="test", alert=None) | (~Q(what="test") & Q(alert__isnull=False)),
                name="alert_notice_of_an_alert",
            ),
            models.CheckConstraint(
                condition=Q(status="sent", sent_at__isnull=False) | (~Q(status="sent") & Q(sent_at=None)),
                name="alert_notice_sent_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(channel="email", payload=None) | Q(channel="webhook", payload__isnull=False),
                name="alert_notice_webhook_has_payload",
            ),
            models.CheckConstraint(condition=Q(channel__in=["email", "webhook"]), name="alert_notice_channel_known"),
            models.CheckConstraint(
                condition=Q(status__in=["waiting", "sent", "failed"]), name="alert_notice_status_known"
            ),
            models.CheckConstraint(
                condition=(Q(status="waiting", next_action_at__isnull=False))
                | (~Q(status="waiting") & Q(next_action_at=None)),
                name="alert_notice_has_next_action",
            ),
            models.UniqueConstraint(fields=["alert", "what", "channel"], name="alert_notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.what} by {self.channel}"

    @property
    def public_id(self) -> str:
        return public("alert", self.uuid)
