"""Rows of money: accounts, transfers, entries and holds. All amounts are micro-dollars.

The rules live in the database (migrations 0002 and 0007, from invariants.md L1-L10 and H1-H8); ledger.py is the only
writer of transfers, holds.py of holds. Entries, balances, lots and totals are written by triggers alone.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from accounts.models import ApiKey, Membership, Team


class AccountKind(models.TextChoices):
    AVAILABLE = "available"
    HELD = "held"
    FROZEN = "frozen"
    STRIPE = "stripe"
    GRANTS = "grants"
    REVENUE = "revenue"
    WRITEOFF = "writeoff"


HOUSE = (AccountKind.STRIPE, AccountKind.GRANTS, AccountKind.REVENUE, AccountKind.WRITEOFF)


class TransferKind(models.TextChoices):
    TOPUP = "topup"
    GRANT = "grant"
    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    REVERSAL = "reversal"  # taken back: refunded, lost to a dispute, or a bonus whose purchase was refunded
    EXPIRY = "expiry"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    RESTORE = "restore"  # given back: a reversal whose refund failed


OF_A_HOLD = (TransferKind.HOLD, TransferKind.CAPTURE, TransferKind.RELEASE)
OF_A_LOT = (TransferKind.EXPIRY, TransferKind.FREEZE, TransferKind.UNFREEZE)
MAYBE_OF_A_LOT = (TransferKind.REVERSAL, TransferKind.RESTORE)  # what is written off has none; a trigger says which


class HoldState(models.TextChoices):
    OPEN = "open"
    CAPTURED = "captured"
    RELEASED = "released"


class Account(models.Model):
    """A team's `available`, `held` or `frozen` (by an open dispute), or a house account (team null) that keeps no
    running balance."""

    team = models.ForeignKey(Team, models.PROTECT, null=True, related_name="accounts")
    kind = models.CharField(max_length=9, choices=AccountKind.choices)
    balance = models.BigIntegerField(default=0)
    version = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "kind"], name="account_once", nulls_distinct=False),
            models.CheckConstraint(condition=Q(kind__in=AccountKind.values), name="account_kind_known"),
            models.CheckConstraint(
                condition=(Q(team=None) & Q(kind__in=HOUSE)) | (~Q(team=None) & ~Q(kind__in=HOUSE)),
                name="account_house_has_no_team",
            ),
            models.CheckConstraint(condition=Q(team=None) | Q(balance__gte=0), name="account_no_overdraft"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.team_id or 'the house'}"


class Hold(models.Model):
    """Credit set aside for one thing that is being made, until it is captured or released, once.

    Who asked for it and what it is for (`subject`, such as a model's name) stand beside it for the spend totals."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(max_length=80, unique=True)
    team = models.ForeignKey(Team, models.PROTECT, related_name="holds")
    membership = models.ForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    api_key = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="+")
    subject = models.CharField(max_length=80, default="", db_default="")
    amount = models.BigIntegerField()
    captured = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)
    state = models.CharField(max_length=8, choices=HoldState.choices, default=HoldState.OPEN)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["team", "created_at"], condition=Q(state="open"), name="hold_open_of_team")]
        constraints = [
            models.UniqueConstraint(fields=["id", "team"], name="hold_in_team"),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lt=10**15), name="hold_amount"),
            models.CheckConstraint(condition=Q(captured__gte=0, released__gte=0), name="hold_parts_positive"),
            models.CheckConstraint(condition=Q(amount__gte=F("captured") + F("released")), name="hold_not_exceeded"),
            models.CheckConstraint(
                condition=(Q(state="open") & Q(amount__gt=F("captured") + F("released")))
                | (Q(state="captured", captured__gt=0) & Q(amount=F("captured") + F("released")))
                | (Q(state="released", captured=0) & Q(amount=F("released"))),
                name="hold_state_follows",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} hold for {self.reference}"


class Transfer(models.Model):
    """One movement of money between two accounts: immutable, unique by key, positive.

    `lot` is the lot of credit that it touches (a hold's movements find theirs themselves); `follows` is the transfer
    that it ends or undoes: the freeze of an unfreeze or of a loss, the reversal of a restore."""

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=8, choices=TransferKind.choices)
    debit = models.ForeignKey(Account, models.PROTECT, related_name="debits")
    credit = models.ForeignKey(Account, models.PROTECT, related_name="credits")
    amount = models.BigIntegerField()
    hold = models.ForeignKey(Hold, models.PROTECT, null=True, related_name="transfers")
    lot = models.ForeignKey("billing.Lot", models.PROTECT, null=True, related_name="touched_by")
    payment = models.ForeignKey("billing.Payment", models.PROTECT, null=True, related_name="transfers")
    follows = models.OneToOneField("self", models.PROTECT, null=True, related_name="followed_by")
    expires_at = models.DateTimeField(null=True)
    actor = models.CharField(max_length=80)
    reason = models.CharField(max_length=200)
    event_at = models.DateTimeField(db_default=Now())
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=TransferKind.values), name="transfer_kind_known"),
            models.CheckConstraint(condition=Q(amount__gt=0, amount__lt=10**15), name="transfer_amount"),
            models.CheckConstraint(condition=~Q(debit=F("credit")), name="transfer_two_accounts"),
            models.CheckConstraint(
                condition=Q(kind__in=["hold", "capture", "release"], hold__isnull=False)
                | (~Q(kind__in=["hold", "capture", "release"]) & Q(hold__isnull=True)),
                name="transfer_hold_iff_of_hold",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=MAYBE_OF_A_LOT)
                | Q(kind__in=OF_A_LOT, lot__isnull=False)
                | (~Q(kind__in=OF_A_LOT) & Q(lot=None)),
                name="transfer_lot_iff_of_lot",
            ),
            models.CheckConstraint(
                condition=~Q(kind="topup") | Q(payment__isnull=False), name="transfer_topup_of_payment"
            ),
            models.CheckConstraint(condition=Q(kind="grant") | Q(expires_at=None), name="transfer_only_grants_expire"),
            models.UniqueConstraint(fields=["payment"], condition=Q(kind="topup"), name="transfer_one_topup"),
            models.UniqueConstraint(fields=["payment"], condition=Q(kind="grant"), name="transfer_one_bonus"),
            models.UniqueConstraint(fields=["hold"], condition=Q(kind="hold"), name="transfer_one_hold"),
            models.UniqueConstraint(fields=["hold"], condition=Q(kind="capture"), name="transfer_one_capture"),
            models.UniqueConstraint(fields=["hold"], condition=Q(kind="release"), name="transfer_one_release"),
        ]

    def __str__(self) -> str:
        return self.key


class Entry(models.Model):
    """One leg of a transfer, written by its trigger. House accounts' entries carry no version and no balance."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="entries")
    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="entries")
    delta = models.BigIntegerField()
    account_version = models.BigIntegerField(null=True)
    balance_after = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["account", "created_at"], name="entry_of_account_by_time")]
        constraints = [
            models.CheckConstraint(condition=~Q(delta=0), name="entry_moves"),
            models.UniqueConstraint(fields=["transfer", "account"], name="entry_once_per_account"),
            models.UniqueConstraint(fields=["account", "account_version"], name="entry_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.delta:+} on {self.account_id}"
