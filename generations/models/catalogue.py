"""What is on offer and at what price: listings, price versions, quotes. Amounts in micro-dollars."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Team
from project.ids import public


class Listing(models.Model):
    """One model of the catalogue as staff see it: switched on or off, with a reason that users may read."""

    slug = models.CharField(max_length=60, primary_key=True)
    available = models.BooleanField(default=True)
    note = models.CharField(max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.slug


class PriceVersion(models.Model):
    """The rates of a model from a moment on. Never edited: a change is a new row (trigger)."""

    slug = models.CharField(max_length=60)
    number = models.PositiveIntegerField()
    rates = models.JSONField()
    margin_ppm = models.PositiveIntegerField(default=0)
    margins = models.JSONField(default=dict, db_default={})  # by variant, where it differs from margin_ppm
    fixed = models.JSONField(default=dict, db_default={})  # price per unit by variant, without any margin
    effective_from = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=80)
    reason = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["slug", "-effective_from", "-number"], name="price_version_current")]
        constraints = [models.UniqueConstraint(fields=["slug", "number"], name="price_version_number_once")]

    def __str__(self) -> str:
        return f"{self.slug} v{self.number}"


class TeamDiscount(models.Model):
    """What a team pays less than the price in force, from a moment on; of one model, or of all (model ""). Never
    edited: a change is a new row, and 0 ends it (trigger)."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="discounts")
    model = models.CharField(max_length=60, blank=True)
    number = models.PositiveIntegerField()
    ppm = models.PositiveIntegerField()
    effective_from = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())
    created_by = models.CharField(max_length=80)
    reason = models.CharField(max_length=200)

    class Meta:
        indexes = [models.Index(fields=["team", "model", "-effective_from", "-number"], name="discount_current")]
        constraints = [
            models.UniqueConstraint(fields=["team", "model", "number"], name="discount_number_once"),
            models.CheckConstraint(condition=Q(ppm__lte=900_000), name="discount_at_most_90_percent"),
        ]

    def __str__(self) -> str:
        return f"{self.ppm} ppm off for team {self.team_id}"


class Quote(models.Model):
    """A price that binds for 10 minutes (design section 4.1)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="quotes")
    model = models.CharField(max_length=60)
    input = models.JSONField()
    input_hash = models.CharField(max_length=64)
    lines = models.JSONField()
    price = models.BigIntegerField()
    hold = models.BigIntegerField()
    price_version = models.ForeignKey(PriceVersion, models.PROTECT, related_name="+")
    discount_ppm = models.PositiveIntegerField(default=0, db_default=0)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="quote_expiry")]
        constraints = [
            models.CheckConstraint(
                condition=Q(price__gt=0, hold__gte=F("price"), hold__lt=10**15), name="quote_amounts"
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="quote_expires_after_birth"),
            models.UniqueConstraint(fields=["id", "team"], name="quote_in_team"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public("qt", self.id)
