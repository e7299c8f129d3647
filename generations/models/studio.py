"""What the studio remembers of a member."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Membership, Team


class StudioSettings(models.Model):
    """The settings a member last used for a model: its input without prompt and images, and how many at once."""

    MOST_AT_ONCE = 8

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    membership = models.ForeignKey(Membership, models.CASCADE, related_name="studio_settings")
    model = models.CharField(max_length=60)
    input = models.JSONField(default=dict)
    count = models.PositiveSmallIntegerField(default=1)
    used_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["membership", "model"], name="studio_settings_once"),
            models.CheckConstraint(condition=Q(count__gte=1, count__lte=8), name="studio_settings_count"),
        ]

    def __str__(self) -> str:
        return f"{self.model} of member {self.membership_id}"
