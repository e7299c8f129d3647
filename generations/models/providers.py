"""What all workers share about a provider: its limiter, its circuit, its public keys."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class ProviderState(models.Model):
    """The circuit of one provider: closed, or open until a moment with a reason (faults.md rows 29, 31)."""

    provider = models.CharField(max_length=8, primary_key=True)
    open_until = models.DateTimeField(null=True)
    why = models.CharField(max_length=40, blank=True)
    failures = models.PositiveIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.provider


class ProviderSlot(models.Model):
    """One call counted by the limiter: a sliding window, exact, shared by all workers."""

    provider = models.CharField(max_length=8)
    lane = models.CharField(max_length=8)
    taken_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["provider", "lane", "taken_at"], name="provider_slot_window")]

    def __str__(self) -> str:
        return f"{self.provider} {self.lane}"


class ProviderKeys(models.Model):
    """A provider's published signing keys; old ones stay usable while a refresh fails (fal.md 4.4)."""

    url = models.CharField(max_length=300, primary_key=True)
    keys = models.JSONField()
    fetched_at = models.DateTimeField()
    tried_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.url


class Chore(models.Model):
    """When a periodic chore was last begun, so that one of many processes does it."""

    name = models.CharField(max_length=20, primary_key=True)
    begun_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Pause(models.Model):
    """Staff stopped a provider or a model for a while: nothing new is accepted or claimed, what is queued waits, what
    runs ends as it would. `note` is what users read. One open for each."""

    scope = models.CharField(max_length=8)  # "provider" or "model"
    name = models.CharField(max_length=60)
    note = models.CharField(max_length=200)
    reason = models.CharField(max_length=200)  # for staff
    paused_by = models.CharField(max_length=80)
    paused_at = models.DateTimeField(db_default=Now())
    resumed_by = models.CharField(max_length=80, blank=True)
    resumed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(scope__in=["provider", "model"]), name="pause_scope_known"),
            models.UniqueConstraint(fields=["scope", "name"], condition=Q(resumed_at=None), name="pause_one_open"),
        ]

    def __str__(self) -> str:
        return f"pause of {self.name}"
