"""What a team set for a wallet that runs low: the mail, and the automatic recharge. All amounts are micro-dollars."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import Membership, Team


class StopReason(models.TextChoices):
    """Why automatic recharge stopped by itself: a closed list, and what the page says."""

    DECLINED = "declined", "The bank declined the card."
    AUTHENTICATION_REQUIRED = "authentication_required", "The bank asked for a confirmation."
    CARD_UNUSABLE = "card_unusable", "The saved card can no longer be used."
    TOO_OFTEN = "too_often", "It was needed more than three times within ten minutes."
    DISPUTED = "disputed", "A payment was disputed."
    MISMATCH = "mismatch", "The bank took another amount than we asked for. We are looking into it."


class AutoRecharge(models.Model):
    """Below `threshold`, buy up to `target`, at most `monthly_ceiling` in a calendar month (UTC), with a saved card.

    Stopped by itself (`stopped_at`), it stays so until somebody looks and turns it on again; where it could not act
    (the ceiling, a restriction) it looks again at `not_before`. The database (migration 0008) allows one attempt in
    flight and three in ten minutes."""

    team = models.OneToOneField(Team, models.PROTECT, related_name="auto_recharge")
    enabled = models.BooleanField(default=False)
    threshold = models.BigIntegerField()
    target = models.BigIntegerField()
    monthly_ceiling = models.BigIntegerField()
    payment_method = models.CharField(max_length=80, blank=True)
    card = models.CharField(max_length=40, blank=True)
    stopped_at = models.DateTimeField(null=True)
    stopped_reason = models.CharField(max_length=24, choices=StopReason.choices, blank=True)
    ceiling_mailed_on = models.DateField(null=True)
    not_before = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    changed_by = models.ForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold__gt=0, target__gt=F("threshold"), monthly_ceiling__gt=0),
                name="auto_recharge_amounts",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at=None, stopped_reason="")
                | Q(stopped_at__isnull=False, stopped_reason__in=StopReason.values),
                name="auto_recharge_stopped_for_a_reason",
            ),
            models.CheckConstraint(condition=Q(enabled=False) | ~Q(payment_method=""), name="auto_recharge_has_a_card"),
        ]

    def __str__(self) -> str:
        return f"recharge of {self.team_id}"


class CardRemoval(models.Model):
    """A saved card that Stripe is to forget. Its job asks at `next_action_at` until Stripe has (`ended_at`)."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    payment_method = models.CharField(max_length=80, unique=True)
    next_action_at = models.DateTimeField(null=True, db_default=Now())
    rung_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_action_at"], condition=Q(next_action_at__isnull=False), name="card_removal_due")
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at=None, next_action_at__isnull=False)
                | Q(ended_at__isnull=False, next_action_at=None),
                name="card_removal_due_until_ended",
            )
        ]

    def __str__(self) -> str:
        return f"removal of {self.payment_method}"


class BalanceWatch(models.Model):
    """Mail when `available` falls below `low_balance`, once, until it has risen well above again. Without an amount
    somebody turned it off."""

    team = models.OneToOneField(Team, models.PROTECT, related_name="balance_watch")
    low_balance = models.BigIntegerField(null=True)
    warned_at = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(low_balance__gt=0), name="balance_watch_amount")]

    def __str__(self) -> str:
        return f"watch over {self.team_id}"
