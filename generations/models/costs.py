"""What providers cost beside what teams paid, added up by the day. Micro-dollars, days in UTC.

Written by a trigger on generations alone (migration 0014), in the transaction of the fact. The day is that of the
capture in the ledger, else of the end. Four tables of the same sums, so that no question reads many rows: by team and
model, by model, by team, and by team for whole months.
"""

from __future__ import annotations

from django.db import models

from accounts.models import ApiKey, Team

SHARDS = 16  # rows of one model and day, by team: ends of different teams seldom meet on one row; folded a day later


class Sums(models.Model):
    """The sums. `cost` is what the provider said it charged, and what we expected where it said nothing; `at_risk`
    what may have been bought by what ended with an unknown outcome. The last five count the verdicts."""

    day = models.DateField()
    succeeded = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)
    canceled = models.IntegerField(default=0)
    revenue = models.BigIntegerField(default=0)
    expected = models.BigIntegerField(default=0)
    actual = models.BigIntegerField(default=0)
    cost = models.BigIntegerField(default=0)
    at_risk = models.BigIntegerField(default=0)
    matched = models.IntegerField(default=0)
    over = models.IntegerField(default=0)
    under = models.IntegerField(default=0)
    unreported = models.IntegerField(default=0)
    unattributed = models.IntegerField(default=0)

    class Meta:
        abstract = True


class CostDay(Sums):
    """By team, key, model and variant: for a question about one team or one model."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="+", db_index=False)
    api_key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="+", db_index=False)
    provider = models.CharField(max_length=8)
    model = models.CharField(max_length=60)
    variant = models.CharField(max_length=120)

    class Meta:
        indexes = [
            models.Index(fields=["model", "variant", "day"], name="cost_day_of_variant"),
            models.Index(fields=["day", "provider"], name="cost_day_by_day"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["team", "day", "api_key", "model", "variant"], name="cost_day_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.team_id} {self.model} {self.variant}"


class ModelDay(Sums):
    """By model and variant, over all teams."""

    provider = models.CharField(max_length=8)
    model = models.CharField(max_length=60)
    variant = models.CharField(max_length=120)
    shard = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "model", "variant", "shard"], name="model_day_once"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model} {self.variant}"


class TeamDay(Sums):
    """By team and key, over all models."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="+", db_index=False)
    api_key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "team", "api_key"], name="team_day_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.team_id}"


class TeamMonth(Sums):
    """By team, key and provider, a month each (`day` is its first): for a question about many months."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="+", db_index=False)
    api_key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="+", db_index=False)
    provider = models.CharField(max_length=8)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "team", "api_key", "provider"], name="team_month_once", nulls_distinct=False
            ),
            models.CheckConstraint(condition=models.Q(day__day=1), name="team_month_of_a_first"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.team_id}"
