"""Rows of money that comes in by Stripe, and goes back. All amounts are micro-dollars.

The rules live in the database (migration 0008): a payment is credited when its topup is there, and not otherwise;
a restricted team opens no hold and starts no payment.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Mod, Now

from accounts.models import Membership, Team
from project.ids import public

CENT = 10_000  # micro-dollars; Stripe counts in cents


class Origin(models.TextChoices):
    CHECKOUT = "checkout"
    AUTO = "auto"  # automatic recharge


class PaymentStatus(models.TextChoices):
    """pending -> paid or failed; failed -> paid where Stripe took the money after all; paid -> refunded (all of it)
    or disputed; back to paid when a refund failed or a dispute was won."""

    PENDING = "pending"
    PAID = "paid"
    REFUNDED = "refunded"
    DISPUTED = "disputed"
    FAILED = "failed"


CREDITED = (PaymentStatus.PAID, PaymentStatus.REFUNDED, PaymentStatus.DISPUTED)


class Failure(models.TextChoices):
    """Why a payment failed: a closed list, and what the page says."""

    EXPIRED = "expired", "Nobody paid in time."
    CANCELED = "canceled", "It was canceled before it was paid."
    DECLINED = "declined", "The bank declined it."
    AUTHENTICATION_REQUIRED = "authentication_required", "The bank asks for a confirmation by the card's holder."
    CARD_UNUSABLE = "card_unusable", "The saved card can no longer be used."
    MISMATCH = "mismatch", "The amount or currency was not what we asked for. We are looking into it."
    UNKNOWN_TO_STRIPE = "unknown_to_stripe", "Stripe never received it."


class Customer(models.Model):
    """A team as Stripe knows it."""

    team = models.OneToOneField(Team, models.PROTECT, related_name="customer")
    stripe_id = models.CharField(max_length=80, unique=True)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.stripe_id


class BillingDetails(models.Model):
    """Who a team's invoices and receipts are made out to. A payment keeps them as they were when it was started."""

    team = models.OneToOneField(Team, models.PROTECT, related_name="billing_details")
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(max_length=254, blank=True)
    line1 = models.CharField(max_length=200, blank=True)
    line2 = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    region = models.CharField(max_length=100, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2, blank=True)
    tax_id = models.CharField(max_length=40, blank=True)
    updated_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name or f"details of {self.team_id}"


class Payment(models.Model):
    """One purchase of credit. `amount` is what is paid and bought, `bonus` what is granted with it.

    Its topup, bonus, refunds' and disputes' transfers name it. While pending, the sweep looks it up at
    `next_action_at`; `expires_at` is when nobody can pay any more."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="payments")
    membership = models.ForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    origin = models.CharField(max_length=8, choices=Origin.choices)
    status = models.CharField(max_length=8, choices=PaymentStatus.choices, default=PaymentStatus.PENDING)
    amount = models.BigIntegerField()
    bonus = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="usd")
    customer = models.CharField(max_length=80, blank=True)
    checkout_session = models.CharField(max_length=120, unique=True, null=True)  # noqa: DJ001 - unique where known
    payment_intent = models.CharField(max_length=80, unique=True, null=True)  # noqa: DJ001 - unique where known
    processing = models.BooleanField(default=False, db_default=False)  # the buyer has paid, the bank takes its time
    failure = models.CharField(max_length=24, choices=Failure.choices, blank=True)
    invoice = models.JSONField(default=dict)
    card = models.CharField(max_length=40, blank=True)
    save_card = models.BooleanField(default=False, db_default=False)  # the buyer asked to keep it for recharges
    credited_by = models.CharField(max_length=8, blank=True)
    next_action_at = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now())
    paid_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["team", "-id"], name="payment_of_team"),
            models.Index(fields=["next_action_at"], condition=Q(next_action_at__isnull=False), name="payment_due"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["id", "team"], name="payment_in_team"),
            models.UniqueConstraint(
                fields=["team"], condition=Q(origin="auto", status="pending"), name="payment_one_auto_in_flight"
            ),
            models.CheckConstraint(condition=Q(origin__in=Origin.values), name="payment_origin_known"),
            models.CheckConstraint(condition=Q(status__in=PaymentStatus.values), name="payment_status_known"),
            models.CheckConstraint(condition=Q(failure__in=["", *Failure.values]), name="payment_failure_known"),
            models.CheckConstraint(
                condition=Q(amount__gt=0, amount__lt=10**12) & Q(bonus__gte=0, bonus__lte=F("amount")),
                name="payment_amounts",
            ),
            models.CheckConstraint(
                condition=Q(amount=F("amount") - Mod(F("amount"), models.Value(CENT))), name="payment_whole_cents"
            ),
            models.CheckConstraint(
                condition=~Q(status="pending") | Q(next_action_at__isnull=False), name="payment_pending_is_looked_up"
            ),
            models.CheckConstraint(
                condition=Q(status="failed") & ~Q(failure="") | ~Q(status="failed") & Q(failure=""),
                name="payment_failure_iff_failed",
            ),
            models.CheckConstraint(
                condition=Q(status__in=CREDITED, paid_at__isnull=False, payment_intent__isnull=False)
                | (~Q(status__in=CREDITED) & Q(paid_at=None)),
                name="payment_paid_at_iff_credited",
            ),
            models.CheckConstraint(
                condition=Q(credited_by__in=["", "webhook", "return", "sweep", "charge"]),
                name="payment_credited_by_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} payment of {self.amount}"

    @property
    def public_id(self) -> str:
        return public("pay", self.uuid)


class RefundStatus(models.TextChoices):
    """pending -> succeeded or failed; succeeded -> failed where the bank sends it back."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Refund(models.Model):
    """Money that goes back for a payment. Its credit is taken (reversals keyed `refund:<uuid>:...`) before Stripe is
    asked; a failed one is given back (restores)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    amount = models.BigIntegerField()
    status = models.CharField(max_length=9, choices=RefundStatus.choices, default=RefundStatus.PENDING)
    stripe_id = models.CharField(max_length=80, unique=True, null=True)  # noqa: DJ001 - unique where known
    source = models.CharField(max_length=6)
    actor = models.CharField(max_length=80)
    reason = models.CharField(max_length=200, blank=True)
    next_action_at = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_action_at"], condition=Q(next_action_at__isnull=False), name="refund_due")
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RefundStatus.values), name="refund_status_known"),
            models.CheckConstraint(condition=Q(source__in=["page", "admin", "stripe"]), name="refund_source_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount"),
            models.CheckConstraint(
                condition=~Q(status="pending") | Q(next_action_at__isnull=False), name="refund_pending_is_looked_up"
            ),
            models.CheckConstraint(
                condition=Q(status="pending", ended_at=None) | (~Q(status="pending") & Q(ended_at__isnull=False)),
                name="refund_ended_at_iff_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} refund of {self.amount}"

    @property
    def public_id(self) -> str:
        return public("rf", self.uuid)


class DisputeStatus(models.TextChoices):
    """open -> won, lost or dropped (an inquiry that took nothing)."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"
    DROPPED = "dropped"


class Dispute(models.Model):
    """A payment that its card's holder contests. Open, it freezes; won, it gives back; lost, it takes (transfers
    keyed `dispute:<stripe id>:...`)."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="disputes")
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    stripe_id = models.CharField(max_length=80, unique=True)
    amount = models.BigIntegerField()
    status = models.CharField(max_length=7, choices=DisputeStatus.choices, default=DisputeStatus.OPEN)
    opened_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=DisputeStatus.values), name="dispute_status_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="dispute_amount"),
            models.CheckConstraint(
                condition=Q(status="open", ended_at=None) | (~Q(status="open") & Q(ended_at__isnull=False)),
                name="dispute_ended_at_iff_ended",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} dispute of {self.amount}"

    @property
    def public_id(self) -> str:
        return public("dp", self.uuid)


class Restriction(models.Model):
    """Why a team may neither make nor buy: it spent credit whose money was taken back, or staff said so (no
    `payment`). One open a team; staff lift it, and one with a payment is lifted by the dispute's end in the team's
    favor too. `owed` is what its payments are short of."""

    team = models.ForeignKey(Team, models.PROTECT, related_name="restrictions")
    payment = models.ForeignKey(Payment, models.PROTECT, null=True, related_name="+")
    placed_by = models.CharField(max_length=80, default="system", db_default="system")
    owed = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    created_at = models.DateTimeField(db_default=Now())
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team"], condition=Q(lifted_at=None), name="restriction_one_open"),
            models.CheckConstraint(condition=Q(owed__gte=0), name="restriction_owed"),
        ]

    def __str__(self) -> str:
        return f"restriction of {self.team_id}"
