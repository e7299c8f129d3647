"""Teams, who belongs to them, and who is invited."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now

from accounts.models.people import User
from project.ids import public


class Role(models.TextChoices):
    OWNER = "owner"
    ADMIN = "admin"
    BILLING = "billing"
    MEMBER = "member"
    VIEWER = "viewer"


class TeamStatus(models.TextChoices):
    """active <-> suspended (by staff); active -> closing -> closed (by its owner; closed when no hold is open)."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSING = "closing"
    CLOSED = "closed"


class Team(models.Model):
    """The tenant: it owns a wallet, keys and generations. It is never deleted: its books stay on record."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    status = models.CharField(max_length=12, choices=TeamStatus.choices, default=TeamStatus.ACTIVE)
    requires_mfa = models.BooleanField(db_default=False, default=False)
    created_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(status__in=TeamStatus.values), name="team_status_known"),
            models.CheckConstraint(
                condition=Q(status="closed", closed_at__isnull=False) | (~Q(status="closed") & Q(closed_at=None)),
                name="team_closed_at_iff_closed",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def public_id(self) -> str:
        return public("team", self.uuid)


class CurrentMemberships(models.Manager["Membership"]):
    """Only the people who belong to a team now."""

    def get_queryset(self) -> models.QuerySet[Membership]:
        return super().get_queryset().filter(ended_at=None)


class Membership(models.Model):
    """A person's place in a team. It ends, and is revived when the person comes back; it is never deleted, because
    history, spend and budgets hang on it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role.choices)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Membership]] = models.Manager()
    current: ClassVar[CurrentMemberships] = CurrentMemberships()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], name="membership_once"),
            models.UniqueConstraint(fields=["id", "team"], name="membership_in_team"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.role} of team {self.team_id}"

    @property
    def public_id(self) -> str:
        return public("mem", self.uuid)


class InvitationStatus(models.TextChoices):
    """open -> accepted, expired or withdrawn; an end is final."""

    OPEN = "open"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class Invitation(models.Model):
    """A place in a team, offered to one address. The link is a signature over `uuid` and `version`, so the table
    holds nothing that could be used; sending again raises the version and ends the link before it."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    team = models.ForeignKey(Team, models.PROTECT, related_name="invitations")
    email = models.EmailField(max_length=254)
    role = models.CharField(max_length=8, choices=Role.choices)
    status = models.CharField(max_length=9, choices=InvitationStatus.choices, default=InvitationStatus.OPEN)
    version = models.PositiveIntegerField(default=1)
    invited_by = models.ForeignKey(Membership, models.PROTECT, related_name="+")
    accepted_by = models.ForeignKey(Membership, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["team", "-created_at"], name="invitation_of_team")]
        constraints = [
            models.UniqueConstraint(
                models.F("team"), Lower("email"), condition=Q(status="open"), name="invitation_one_open"
            ),
            models.CheckConstraint(condition=Q(status__in=InvitationStatus.values), name="invitation_status_known"),
            models.CheckConstraint(
                condition=Q(role__in=[role for role in Role.values if role != "owner"]), name="invitation_role_known"
            ),
            models.CheckConstraint(
                condition=Q(status="open", ended_at=None) | (~Q(status="open") & Q(ended_at__isnull=False)),
                name="invitation_ended_at_iff_ended",
            ),
            models.CheckConstraint(
                condition=Q(status="accepted", accepted_by__isnull=False)
                | (~Q(status="accepted") & Q(accepted_by=None)),
                name="invitation_accepted_by_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.status} invitation to team {self.team_id}"

    @property
    def public_id(self) -> str:
        return public("inv", self.uuid)
