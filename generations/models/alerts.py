"""Alerts to the operator's people: rules, what is on, who was told."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class AlertKind(models.TextChoices):
    """What is watched: a closed list."""

    LOSS = "loss", "A variant loses money"
    GAP = "gap", "The books and a provider's balance differ"
    BALANCE_LOW = "balance_low", "A provider's balance runs out"
    ERROR_RATE = "error_rate", "A provider fails too often"
    UNKNOWN_RATE = "unknown_rate", "Too many outcomes are unknown"
    STUCK_HOLDS = "stuck_holds", "Credit is held past its deadline"
    HEARTBEAT = "heartbeat", "A queue stands still"
    LEDGER = "ledger", "The books do not hold"
    CALLBACKS = "callbacks", "Callbacks are forged or altered"
    LOST_TASK = "lost_task", "A provider billed what we never charged"


class AlertRule(models.Model):
    """When an alert of a kind goes on and off again. The unit of both is the kind's (parts per million, days,
    micro-dollars, a count): alert_rules says which. Off needs `calm_seconds` without a break."""

    kind = models.CharField(max_length=12, choices=AlertKind.choices, primary_key=True)
    enabled = models.BooleanField(default=True)
    on_at = models.BigIntegerField()
    off_at = models.BigIntegerField()
    at_least = models.PositiveIntegerField(default=0)  # cases before a rate means anything
    calm_seconds = models.PositiveIntegerField(default=600)
    changed_by = models.CharField(max_length=80, default="system")
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.kind


class Alert(models.Model):
    """One thing that is wrong, from when it was first seen to when it was calm again. One open a kind and subject."""

    kind = models.CharField(max_length=12, choices=AlertKind.choices)
    subject = models.CharField(max_length=200)
    value = models.BigIntegerField()  # as last seen while on, in the rule's unit
    worst = models.BigIntegerField()
    text = models.CharField(max_length=300)
    opened_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    calm_since = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-opened_at"], name="alert_newest")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=AlertKind.values), name="alert_kind_known"),
            models.UniqueConstraint(fields=["kind", "subject"], condition=Q(closed_at=None), name="alert_one_open"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class AlertNotice(models.Model):
    """That an alert went on or off, told once a channel; the webhook is tried again until it is taken or given up."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="notices")
    what = models.CharField(max_length=6)  # "on" or "off"
    channel = models.CharField(max_length=7)  # "email" or "webhook"
    status = models.CharField(max_length=7, default="waiting")  # waiting, sent, failed
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=120, blank=True)
    made_at = models.DateTimeField(db_default=Now())
    next_action_at = models.DateTimeField(null=True, db_default=Now())
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["next_action_at"], condition=Q(status="waiting"), name="alert_notice_due")]
        constraints = [
            models.CheckConstraint(condition=Q(what__in=["on", "off"]), name="alert_notice_what_known"),
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
