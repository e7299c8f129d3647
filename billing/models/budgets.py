"""Budgets: caps of members and keys, what counts against them, raises until a date, requests and warnings.

All amounts are micro-dollars. The rules live in the database (migrations 0002, 0003 and 0005): a period's counter grows
only up to billing_budget_cap(), which is the limit plus the raises in force, and budgets are never deleted.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import ApiKey, Membership, Team
from billing.models.money import Hold
from project.ids import public


class Period(models.TextChoices):
    DAY = "day"
    MONTH = "month"


class Budget(models.Model):
    """A cap on what one member or one API key may spend in a day or a month (UTC).

    Removed, it ends: while it is ended nothing is counted, and set again it goes on with what was counted before."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="budgets")
    membership = models.ForeignKey(Membership, models.CASCADE, null=True, related_name="budgets")
    api_key = models.ForeignKey(ApiKey, models.CASCADE, null=True, related_name="budgets")
    period = models.CharField(max_length=5, choices=Period.choices)
    limit = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["membership", "period"], name="budget_of_member_once"),
            models.UniqueConstraint(fields=["api_key", "period"], name="budget_of_key_once"),
            models.UniqueConstraint(fields=["id", "team"], name="budget_in_team"),
            models.UniqueConstraint(fields=["id", "membership"], name="budget_of_its_member"),
            models.CheckConstraint(condition=Q(period__in=Period.values), name="budget_period_known"),
            models.CheckConstraint(condition=Q(limit__gte=0, limit__lt=10**15), name="budget_limit"),
            models.CheckConstraint(
                condition=Q(membership=None, api_key__isnull=False) | Q(api_key=None, membership__isnull=False),
                name="budget_of_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.limit} a {self.period}"


class BudgetUsage(models.Model):
    """What one period of a budget has used (captured) and holds. Never above the cap by a new hold (trigger)."""

    budget = models.ForeignKey(Budget, models.CASCADE, related_name="usages")
    period_start = models.DateField()
    used = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["budget", "period_start"], name="budget_usage_once"),
            models.CheckConstraint(condition=Q(used__gte=0, held__gte=0), name="budget_usage_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.used}+{self.held} since {self.period_start}"


class BudgetHold(models.Model):
    """Which period of which budget a hold counts against."""

    hold = models.ForeignKey(Hold, models.CASCADE, related_name="budget_holds")
    usage = models.ForeignKey(BudgetUsage, models.CASCADE, related_name="holds")
    amount = models.BigIntegerField()
    settled = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["hold", "usage"], name="budget_hold_once")]

    def __str__(self) -> str:
        return f"{self.amount} of {self.hold_id}"


class BudgetRaise(models.Model):
    """More for a budget until an instant. Fixed, but for its end, which only comes nearer (trigger).

    `granted_by` is null where a program of ours or an API key granted it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    budget = models.ForeignKey(Budget, models.PROTECT, related_name="raises")
    amount = models.BigIntegerField()
    until = models.DateTimeField()
    granted_by = models.ForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["budget", "until"], name="budget_raise_in_force")]
        constraints = [
            models.UniqueConstraint(fields=["id", "budget"], name="budget_raise_of_budget"),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lt=10**15), name="budget_raise_amount"),
            models.CheckConstraint(condition=Q(until__gte=F("created_at")), name="budget_raise_ends_after_birth"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} more until {self.until}"

    @property
    def public_id(self) -> str:
        return public("raise", self.uuid)


class RequestStatus(models.TextChoices):
    """open -> granted, declined or withdrawn; an end is final."""

    OPEN = "open"
    GRANTED = "granted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class BudgetRequest(models.Model):
    """A member's wish for more of one budget of theirs: one open at a time. `raised` is what was granted for it, which
    may differ from the `amount` asked; `answer` is the sentence of who declined."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    budget = models.ForeignKey(Budget, models.PROTECT, related_name="requests")
    asked_by = models.ForeignKey(Membership, models.PROTECT, related_name="+")
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=300)
    status = models.CharField(max_length=9, choices=RequestStatus.choices, default=RequestStatus.OPEN)
    answer = models.CharField(max_length=300, blank=True)
    raised = models.OneToOneField(BudgetRaise, models.PROTECT, null=True, related_name="request")
    decided_by = models.ForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["team", "-created_at"], name="budget_request_of_team")]
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "asked_by"], condition=Q(status="open"), name="budget_request_one_open"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lt=10**15), name="budget_request_amount"),
            models.CheckConstraint(condition=Q(status__in=RequestStatus.values), name="budget_request_status_known"),
            models.CheckConstraint(
                condition=Q(status="open", decided_at=None) | (~Q(status="open") & Q(decided_at__isnull=False)),
                name="budget_request_decided_at_iff_ended",
            ),
            models.CheckConstraint(
                condition=Q(status="granted", raised__isnull=False) | (~Q(status="granted") & Q(raised=None)),
                name="budget_request_raised_iff_granted",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} request for {self.amount}"

    @property
    def public_id(self) -> str:
        return public("breq", self.uuid)


class BudgetWarning(models.Model):
    """A threshold, in percent of the cap, that one period of a budget has reached. It was mailed, or passed over by a
    jump to a higher one. While it is not rearmed it is not reached again, however holds come and go."""

    usage = models.ForeignKey(BudgetUsage, models.PROTECT, related_name="warnings")
    threshold = models.PositiveSmallIntegerField()
    mailed = models.BooleanField()
    created_at = models.DateTimeField(db_default=Now())
    rearmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["usage", "threshold"], condition=Q(rearmed_at=None), name="budget_warning_once"
            ),
            models.CheckConstraint(condition=Q(threshold__in=[80, 100]), name="budget_warning_threshold_known"),
        ]

    def __str__(self) -> str:
        return f"{self.threshold} % of usage {self.usage_id}"
