"""API keys and their secrets."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models.people import User
from accounts.models.teams import Team
from project.ids import public


class ApiKey(models.Model):
    """A program's way in. It belongs to the team and outlives whoever made it (faults.md E8).

    `lookup` is the `<id>` in the key's text and never changes; the secrets behind it do. Empty `allowed_ips` (CIDR
    networks) and `allowed_models` (slugs) allow all."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="api_keys")
    name = models.CharField(max_length=120)
    lookup = models.CharField(max_length=8, unique=True)
    scopes = ArrayField(models.CharField(max_length=16))
    allowed_ips = ArrayField(models.CharField(max_length=43), default=list)
    allowed_models = ArrayField(models.CharField(max_length=80), default=list)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    expiry_notice = models.SmallIntegerField(default=0, db_default=0)  # days before the end, of the last one sent

    class Meta:
        indexes = [
            models.Index(fields=["team", "-created_at"], name="api_key_of_team"),
            models.Index(fields=["expires_at"], condition=Q(revoked_at=None), name="api_key_by_end"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="api_key_expires_after_birth"),
            models.UniqueConstraint(fields=["id", "team"], name="api_key_in_team"),
            models.CheckConstraint(condition=Q(expiry_notice__in=[0, 14, 1]), name="api_key_expiry_notice_known"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public("key", self.uuid)


class ApiKeySecret(models.Model):
    """One secret of a key: only an HMAC of the key's text is stored; the text is shown once (invariants.md K1).

    The current one has no end. Rotation gives the one before an end and adds another, so both open the door until
    then, and the key keeps its id, its budgets and its history."""

    api_key = models.ForeignKey(ApiKey, models.CASCADE, related_name="secrets")
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(db_default=Now())
    ends_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["api_key"], condition=Q(ends_at=None), name="api_key_one_current_secret")
        ]

    def __str__(self) -> str:
        return f"secret {self.pk} of key {self.api_key_id}"
