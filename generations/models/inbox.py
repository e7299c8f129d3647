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
            models.Index(fields=["received_at"], condition=models.Q(verdict="received"), name="callback_waiting"),
            models.Index(fields=["-received_at", "-id"], name="callback_newest"),
            # What staff look for among many that are in order (oversight/callback_log.KEPT).
            models.Index(
                fields=["-received_at", "-id"], condition=models.Q(verdict="failed"), name="callback_unconfirmed"
            ),
            models.Index(
                fields=["-received_at", "-id"],
                condition=models.Q(verdict="ignored", note__startswith="late"),
                name="callback_late",
            ),
            models.Index(
                fields=["-received_at", "-id"], condition=models.Q(deliveries__gt=1), name="callback_repeated"
            ),
            models.Index(fields=["provider_task_id"], name="callback_task"),
        ]
        constraints = [models.UniqueConstraint(fields=["attempt", "body_hash"], name="callback_once")]

    def __str__(self) -> str:
        return f"{self.verdict} callback for attempt {self.attempt_id}"


class Refusal(models.TextChoices):
    """Why a callback was turned away."""

    FORGED = "forged"  # no address of ours, or no proof of the provider
    ALTERED = "altered"  # an address of ours, but the body or its task is not what the provider would send there


class RefusedCallback(models.Model):
    """A callback that was turned away, and how often. Of the body only its beginning is kept, of bodies that differ
    only so many an hour (oversight.refused). `hour_at`: when the hour that is counted began; `in_hour` deliveries came
    in it, `hour_before` in the hour before."""

    provider = models.CharField(max_length=8)
    verdict = models.CharField(max_length=8, choices=Refusal.choices)
    why = models.CharField(max_length=80)
    attempt = models.ForeignKey(Attempt, models.CASCADE, null=True, related_name="refused_callbacks")
    body_hash = models.BinaryField(max_length=32)
    head = models.BinaryField()
    ip = models.GenericIPAddressField(null=True)
    deliveries = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())
    hour_at = models.DateTimeField(db_default=Now())
    in_hour = models.PositiveIntegerField(default=1)
    hour_before = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["-last_at"], name="refused_callback_newest")]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "why", "attempt", "body_hash"], name="refused_callback_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=models.Q(verdict__in=Refusal.values), name="refused_callback_verdict_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} callback"


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
