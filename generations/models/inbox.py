"""What arrives: callbacks, and idempotency records."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from accounts.models import Team
from generations.models.generation import Attempt


class CallbackVerdict(models.TextChoices):
    RECEIVED = "received"
    PROCESSED = "processed"
    FAILED = "failed"
    IGNORED = "ignored"


class Callback(models.Model):
    """A provider's authenticated callback, raw. A hint: the record fetched with our key decides."""

    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="callbacks")
    body_hash = models.BinaryField(max_length=32)
    body = models.BinaryField()
    provider_task_id = models.CharField(max_length=200)
    verdict = models.CharField(max_length=9, choices=CallbackVerdict.choices, default=CallbackVerdict.RECEIVED)
    note = models.CharField(max_length=200, blank=True)
    deliveries = models.PositiveIntegerField(default=1)
    tries = models.PositiveSmallIntegerField(default=0)
    received_at = models.DateTimeField(db_default=Now())
    rung_at = models.DateTimeField(null=True)
    processed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["received_at"], condition=models.Q(verdict="received"), name="callback_waiting")
        ]
        constraints = [models.UniqueConstraint(fields=["attempt", "body_hash"], name="callback_once")]

    def __str__(self) -> str:
        return f"{self.verdict} callback for attempt {self.attempt_id}"


class IdempotencyRecord(models.Model):
    """One (team, key): the fingerprint of its request and the first answer, kept 72 h (invariants.md I1-I5)."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="idempotency_age")]
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key
