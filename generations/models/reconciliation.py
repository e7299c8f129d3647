"""What a provider says of its money, beside what we know: balances, top-ups, usage exports, cases. Micro-dollars."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import User
from generations.models.generation import Generation
from project.ids import public


class BalanceReading(models.Model):
    """Our balance at a provider at a moment: asked for (`endpoint`), or told with a callback (`reference` names it)."""

    provider = models.CharField(max_length=8)
    amount = models.BigIntegerField()
    source = models.CharField(max_length=8)
    reference = models.CharField(max_length=80, blank=True)
    taken_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["provider", "-taken_at"], name="balance_reading_newest")]
        constraints = [
            models.CheckConstraint(
                condition=Q(source__in=["endpoint", "callback"]), name="balance_reading_source_known"
            ),
            models.UniqueConstraint(
                fields=["provider", "source", "reference"], condition=~Q(reference=""), name="balance_reading_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} at {self.taken_at}"


class ProviderTopUp(models.Model):
    """Money that the operator paid in at a provider, as staff recorded it; a negative one corrects."""

    provider = models.CharField(max_length=8)
    amount = models.BigIntegerField()
    paid_at = models.DateTimeField()
    note = models.CharField(max_length=200)
    recorded_by = models.CharField(max_length=80)
    recorded_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="provider_top_up_amount")]

    def __str__(self) -> str:
        return f"{self.amount} at {self.provider}"


class BalanceDay(models.Model):
    """A day's comparison: opened_with + topped_up - closed_with is what the provider took, `known` what we know of;
    `gap` is the difference, positive when it took more. Never changed once written."""

    provider = models.CharField(max_length=8)
    day = models.DateField()
    opened_at = models.DateTimeField()
    opened_with = models.BigIntegerField()
    closed_at = models.DateTimeField()
    closed_with = models.BigIntegerField()
    topped_up = models.BigIntegerField(default=0)
    known = models.BigIntegerField()
    gap = models.BigIntegerField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "day"], name="balance_day_once"),
            models.CheckConstraint(
                condition=Q(
                    gap=models.F("opened_with") + models.F("topped_up") - models.F("closed_with") - models.F("known")
                ),
                name="balance_day_adds_up",
            ),
            models.CheckConstraint(condition=Q(closed_at__gt=models.F("opened_at")), name="balance_day_has_length"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.day}"


class UsageImport(models.Model):
    """A provider's usage export that staff handed in, once. It says all about its provider between two moments."""

    provider = models.CharField(max_length=8)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    covers_from = models.DateTimeField()
    covers_until = models.DateTimeField()
    row_count = models.PositiveIntegerField()
    amount = models.BigIntegerField()
    imported_by = models.CharField(max_length=80)
    imported_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "sha256"], name="usage_import_once"),
            models.CheckConstraint(
                condition=Q(covers_until__gt=models.F("covers_from")), name="usage_import_has_length"
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class UsageRow(models.Model):
    """One task of a usage export, and the generation that it was for; none of ours: `theirs only`."""

    usage_import = models.ForeignKey(UsageImport, models.PROTECT, related_name="usage_rows")
    provider = models.CharField(max_length=8)
    task_id = models.CharField(max_length=200)
    model = models.CharField(max_length=120, blank=True)
    amount = models.BigIntegerField()
    charged_at = models.DateTimeField()
    generation = models.ForeignKey(Generation, models.PROTECT, null=True, related_name="usage_rows")

    class Meta:
        indexes = [
            models.Index(fields=["provider", "charged_at"], name="usage_row_by_time"),
            models.Index(fields=["-charged_at"], condition=Q(generation=None), name="usage_row_of_none"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["provider", "task_id"], name="usage_row_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="usage_row_amount"),
        ]

    def __str__(self) -> str:
        return self.task_id


class CaseKind(models.TextChoices):
    """What a case is about."""

    BALANCE_GAP = "balance_gap", "The balance moved by another amount than we know of"
    THEIRS_ONLY = "theirs_only", "Billed by the provider, none of ours"
    OURS_ONLY = "ours_only", "Ours, and missing in the provider's usage"
    LOST_RESULT = "lost_result", "Billed, and never charged to the team"


class Case(models.Model):
    """Something about a provider's money that a person must look into: with an owner, notes and an end. One open a
    subject (a day, or a task)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = models.CharField(max_length=8)
    kind = models.CharField(max_length=12, choices=CaseKind.choices)
    subject = models.CharField(max_length=200)
    amount = models.BigIntegerField()
    generation = models.ForeignKey(Generation, models.PROTECT, null=True, related_name="cases")
    owner = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=80, blank=True)
    resolution = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-opened_at"], name="case_newest")]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=CaseKind.values), name="case_kind_known"),
            models.UniqueConstraint(
                fields=["provider", "kind", "subject"], condition=Q(closed_at=None), name="case_one_open"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, closed_by="", resolution="")
                | (Q(closed_at__isnull=False) & ~Q(closed_by="") & ~Q(resolution="")),
                name="case_closed_with_a_resolution",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"

    @property
    def public_id(self) -> str:
        return public("case", self.uuid)


class CaseNote(models.Model):
    """What somebody found out about a case. Append-only."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="notes")
    author = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    text = models.CharField(max_length=1000)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.text[:40]
