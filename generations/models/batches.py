"""Batches: many requests accepted at once, and the price that was quoted for them. Amounts in micro-dollars.

Both are written once and never change (trigger); what becomes of a batch stands in its generations.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import ApiKey, Membership, Team
from project.ids import public

MOST_ITEMS = 100


class BatchMode(models.TextChoices):
    ALL = "all"  # every item or none
    FIT = "fit"  # in order, what credit, budgets and stop_at allow


class BatchQuote(models.Model):
    """The prices of many requests, in their order: they bind for 10 minutes. `items` holds per item what a quote
    holds, or why there is no price; `generations.batch_quotes` alone reads and writes it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="batch_quotes")
    items = models.JSONField()
    count = models.PositiveSmallIntegerField()
    price = models.BigIntegerField()
    hold = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="batch_quote_expiry")]
        constraints = [
            models.CheckConstraint(
                condition=Q(price__gt=0, hold__gte=F("price"), hold__lt=10**15), name="batch_quote_amounts"
            ),
            models.CheckConstraint(condition=Q(count__gte=1, count__lte=MOST_ITEMS), name="batch_quote_size"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("created_at")), name="batch_quote_expires_after_birth"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public("bqt", self.id)


class Batch(models.Model):
    """What was asked for at once and what became of each item at its acceptance: `items` holds, in order,
    `{"generation": "gen_..."}` or `{"error": problem}`. `price` and `held` are sums over what was accepted."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="batches")
    membership = models.ForeignKey(Membership, models.PROTECT, null=True, related_name="batches")
    api_key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="batches")
    name = models.CharField(max_length=120, blank=True)
    mode = models.CharField(max_length=3, choices=BatchMode.choices)
    stop_at = models.BigIntegerField(null=True)
    price = models.BigIntegerField()
    held = models.BigIntegerField()
    count = models.PositiveSmallIntegerField()
    accepted = models.PositiveSmallIntegerField()
    items = models.JSONField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["team", "-created_at"], name="batch_history")]
        constraints = [
            models.UniqueConstraint(fields=["id", "team"], name="batch_in_team"),
            models.CheckConstraint(condition=Q(mode__in=BatchMode.values), name="batch_mode_known"),
            models.CheckConstraint(
                condition=Q(count__lte=MOST_ITEMS, accepted__gte=1, accepted__lte=F("count")), name="batch_size"
            ),
            models.CheckConstraint(
                condition=~Q(mode=BatchMode.ALL) | Q(accepted=F("count")), name="batch_of_all_is_whole"
            ),
            models.CheckConstraint(
                condition=Q(stop_at=None) | Q(stop_at__gte=F("held")), name="batch_holds_no_more_than_stop_at"
            ),
            models.CheckConstraint(condition=Q(price__gt=0, held__gte=F("price")), name="batch_amounts"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def public_id(self) -> str:
        return public("bat", self.id)
