"""The checks of the books and their alarm."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class LedgerAlarm(models.Model):
    """verify_ledger found a lie: nothing new is accepted until a person clears it (design section 5)."""

    raised_at = models.DateTimeField(db_default=Now())
    broken = models.JSONField()
    cleared_at = models.DateTimeField(null=True)
    cleared_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(models.Value(1), condition=Q(cleared_at=None), name="ledger_alarm_one_open")
        ]

    def __str__(self) -> str:
        return f"alarm of {self.raised_at}"


class LedgerCheck(models.Model):
    """One run of the checks of the books: when, how long (milliseconds), what did not hold. Kept for some days.
    `full`: the sums by the day were counted again for all days, not for the recent ones alone."""

    ran_at = models.DateTimeField(db_default=Now())
    took_ms = models.PositiveIntegerField()
    checks = models.PositiveIntegerField()
    broken = models.JSONField(default=list)
    full = models.BooleanField(default=True)
    by = models.CharField(max_length=80, default="system")

    class Meta:
        indexes = [models.Index(fields=["-ran_at"], name="ledger_check_newest")]

    def __str__(self) -> str:
        return f"check of {self.ran_at}"
