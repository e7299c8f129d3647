"""What staff do to a team's wallet past purchases: adjustments with a second person, and freezes. Micro-dollars."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Abs, Now

from accounts.models import Team, User
from project.ids import public


class AdjustmentState(models.TextChoices):
    """proposed -> posted, refused or withdrawn (by its proposer, or by nobody when a week has passed)."""

    PROPOSED = "proposed"
    POSTED = "posted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Adjustment(models.Model):
    """Credit that staff add (amount > 0) or take (amount < 0), with a reason. Above `limit`, the limit in force when it
    was proposed, a second person posts it (invariants.md L11)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="adjustments")
    amount = models.BigIntegerField()
    limit = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    expires_at = models.DateTimeField(null=True)  # of credit that is added
    state = models.CharField(max_length=9, choices=AdjustmentState.choices, default=AdjustmentState.PROPOSED)
    proposed_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)  # of who decided

    class Meta:
        indexes = [
            models.Index(fields=["team", "-id"], name="adjustment_of_team"),
            models.Index(fields=["proposed_at"], condition=Q(state="proposed"), name="adjustment_waiting"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=AdjustmentState.values), name="adjustment_state_known"),
            models.CheckConstraint(condition=~Q(amount=0) & Q(limit__gte=0), name="adjustment_amount"),
            models.CheckConstraint(condition=~Q(reason=""), name="adjustment_has_reason"),
            models.CheckConstraint(
                condition=Q(state="proposed", decided_by=None, decided_at=None)
                | (Q(state__in=["posted", "refused"]) & Q(decided_by__isnull=False, decided_at__isnull=False))
                | Q(state="withdrawn", decided_at__isnull=False),  # by nobody: a week has passed
                name="adjustment_decided_by_somebody",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0) | Q(expires_at=None), name="adjustment_only_gifts_expire"),
            models.CheckConstraint(
                condition=~Q(state="posted") | Q(limit__gte=Abs(F("amount"))) | ~Q(decided_by=F("proposed_by")),
                name="adjustment_second_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} adjustment of {self.amount}"

    @property
    def public_id(self) -> str:
        return public("adj", self.uuid)

    @property
    def size(self) -> int:
        """The amount without its sign."""
        return abs(self.amount)


class WalletFreeze(models.Model):
    """While one is open nothing new is held of the team's credit (trigger); what runs ends as it would."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="wallet_freezes")
    reason = models.CharField(max_length=200)
    frozen_by = models.CharField(max_length=80)
    frozen_at = models.DateTimeField(db_default=Now())
    lifted_by = models.CharField(max_length=80, blank=True)
    lifted_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=200, blank=True)  # of who lifted it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team"], condition=Q(lifted_at=None), name="wallet_freeze_one_open"),
            models.CheckConstraint(condition=~Q(reason=""), name="wallet_freeze_has_reason"),
        ]

    def __str__(self) -> str:
        return f"freeze of {self.team_id}"
