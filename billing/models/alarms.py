"""The alarm of the books."""

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
