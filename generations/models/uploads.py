"""What people brought: images, what a team keeps at once, which generations use them, copies at providers."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Team
from generations.models.generation import Generation
from project.ids import public


class UploadState(models.TextChoices):
    """storing -> ready -> removed, or storing -> removed; the row goes when its file is gone."""

    STORING = "storing"
    READY = "ready"
    REMOVED = "removed"


class Upload(models.Model):
    """An image a team brought, re-encoded without its metadata. It counts against the quota until it is removed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=200, unique=True)
    content_type = models.CharField(max_length=40)
    bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField(db_default=Now())
    state = models.CharField(max_length=8, choices=UploadState.choices, default=UploadState.READY, db_default="ready")
    state_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(db_default=Now() + models.Value("30 days", output_field=models.DurationField()))

    class Meta:
        indexes = [
            models.Index(fields=["team", "-created_at", "-id"], name="upload_of_team"),
            models.Index(fields=["expires_at"], condition=Q(state="ready"), name="upload_expiry"),
            models.Index(fields=["state_at"], condition=~Q(state="ready"), name="upload_leftover"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["id", "team"], name="upload_in_team"),
            models.CheckConstraint(condition=Q(state__in=UploadState.values), name="upload_state"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public("upl", self.id)


class UploadQuota(models.Model):
    """What a team's uploads take up at once. Written by the uploads' own trigger alone (migration 0008)."""

    team = models.OneToOneField(Team, models.CASCADE, primary_key=True, related_name="+")
    bytes = models.BigIntegerField(default=0)
    files = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(bytes__gte=0, files__gte=0), name="upload_quota_not_below_zero")
        ]

    def __str__(self) -> str:
        return f"{self.files} uploads, {self.bytes} bytes"


class UploadUse(models.Model):
    """A generation that was accepted with this upload in its input: while it is open, the upload stays."""

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="uses")
    generation = models.ForeignKey(Generation, models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "generation"], name="upload_used_once")]

    def __str__(self) -> str:
        return f"{self.upload_id} in {self.generation_id}"


class ProviderCopy(models.Model):
    """Where a provider keeps a copy of an upload, and until when we hand that address out."""

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="copies")
    provider = models.CharField(max_length=8)
    url = models.CharField(max_length=4096)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["upload", "provider"], name="provider_copy_once")]
        indexes = [models.Index(fields=["expires_at"], name="provider_copy_expiry")]

    def __str__(self) -> str:
        return f"{self.upload_id} at {self.provider}"
