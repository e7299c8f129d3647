"""Lots of credit and totals of days. Triggers alone write them (migration 0007), in the transaction of the fact.

All amounts are micro-dollars, all days UTC.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import ApiKey, Membership, Team
from billing.models.money import Transfer, TransferKind


class LotKind(models.TextChoices):
    GRANT = "grant"
    PURCHASE = "purchase"


class Lot(models.Model):
    """Credit that came in at once, and where all of it is now (invariants.md L10).

    Holds take from grants first, the soonest to expire before the others, then from purchases, the oldest first; so
    what is `unspent` of a purchase is what can be paid back. Only unspent credit expires, never what is held."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="lots")
    kind = models.CharField(max_length=8, choices=LotKind.choices)
    transfer = models.OneToOneField(Transfer, models.PROTECT, related_name="bore")
    amount = models.BigIntegerField()
    unspent = models.BigIntegerField()
    held = models.BigIntegerField(default=0)
    spent = models.BigIntegerField(default=0)
    frozen = models.BigIntegerField(default=0)
    taken = models.BigIntegerField(default=0)
    expired = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["team", "kind", "expires_at", "id"], condition=Q(unspent__gt=0), name="lot_unspent"),
            models.Index(
                fields=["expires_at"], condition=Q(unspent__gt=0, expires_at__isnull=False), name="lot_expires"
            ),
            models.Index(fields=["team", "-id"], name="lot_of_team"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=LotKind.values), name="lot_kind_known"),
            models.CheckConstraint(
                condition=Q(unspent__gte=0, held__gte=0, spent__gte=0, frozen__gte=0, taken__gte=0, expired__gte=0),
                name="lot_parts_positive",
            ),
            models.CheckConstraint(
                condition=Q(amount=F("unspent") + F("held") + F("spent") + F("frozen") + F("taken") + F("expired")),
                name="lot_is_its_parts",
            ),
            models.CheckConstraint(condition=Q(kind="grant") | Q(expires_at=None), name="lot_purchase_never_expires"),
        ]

    def __str__(self) -> str:
        return f"{self.unspent} of {self.amount} {self.kind}"


class LotMove(models.Model):
    """How much of which lot a transfer moved; from which part to which, the transfer's kind says. Append-only."""

    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="lot_moves")
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="moves")
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "lot"], name="lot_move_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="lot_move_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of lot {self.lot_id}"


class DayTotal(models.Model):
    """What the transfers of a kind did to a team's balance (available and held) in a day: the amount without a sign
    and how many they were. Transfers that leave the balance as it is (hold, release) have none."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    day = models.DateField()
    kind = models.CharField(max_length=8, choices=TransferKind.choices)
    amount = models.BigIntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "day", "kind"], name="day_total_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.day}: {self.amount}"


class SpendDay(models.Model):
    """What one member or key was charged in a day for one subject (a model). Its sum is the day's captures."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    day = models.DateField()
    membership = models.ForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    subject = models.CharField(max_length=80)
    amount = models.BigIntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "day", "membership", "api_key", "subject"],
                name="spend_day_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.subject} on {self.day}: {self.amount}"
