"""What came back: outputs, late results."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Team
from generations.models.generation import Generation


class Output(models.Model):
    """One stored file of a generation: its bytes lie in our storage under `name`."""

    generation = models.ForeignKey(Generation, models.PROTECT, related_name="outputs")
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    index = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=5)
    name = models.CharField(max_length=200, unique=True)
    preview = models.CharField(max_length=200, blank=True)
    content_type = models.CharField(max_length=40)
    bytes = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    duration_ms = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["generation", "index"], name="output_index_once"),
            models.CheckConstraint(condition=Q(bytes__gt=0), name="output_not_empty"),
        ]

    def __str__(self) -> str:
        return self.name


class Removal(models.Model):
    """A team had a generation's outputs deleted: rows, receipt and charge stay, the files go. Never taken back.

    The row stands before the files go; `files_gone_at` is None while some may still lie there."""

    generation = models.OneToOneField(Generation, models.PROTECT, primary_key=True, related_name="removal")
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    removed_by = models.CharField(max_length=80)
    removed_at = models.DateTimeField(db_default=Now())
    next_try_at = models.DateTimeField(db_default=Now())
    files_gone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["next_try_at"], condition=Q(files_gone_at=None), name="removal_due")]

    def __str__(self) -> str:
        return f"outputs of {self.generation_id}"


class LateResult(models.Model):
    """A success that came after the generation had ended: kept, never charged (invariants.md G10)."""

    generation = models.ForeignKey(Generation, models.PROTECT, related_name="late_results")
    provider_task_id = models.CharField(max_length=200)
    sources = models.JSONField()
    cost = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["provider_task_id"], name="late_result_task")]
        constraints = [models.UniqueConstraint(fields=["generation", "provider_task_id"], name="late_result_once")]

    def __str__(self) -> str:
        return f"late result of {self.generation_id}"
