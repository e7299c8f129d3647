"""What the pages of teams and members read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from django.db.models import Case, IntegerField, Value, When
from django.db.models.functions import Now

from accounts import invitation_ends, roles
from accounts.actors import Actor
from accounts.models import Invitation, InvitationStatus, Membership, Role, User


@dataclass(frozen=True)
class MemberLine:
    """One line of the members' table. `may_change`: whether the reader may change this role or remove them."""

    membership: Membership
    is_self: bool
    has_factor: bool | None  # None for a reader who does not manage the team
    may_change: bool


@dataclass(frozen=True)
class InvitationLine:
    """One open invitation. `may_touch`: whether the reader may send it again or withdraw it."""

    invitation: Invitation
    may_touch: bool


def members(actor: Actor) -> list[MemberLine]:
    """Who belongs to the actor's team: owners first, then by address. Two queries, one for who does not manage."""
    order = Case(*(When(role=role, then=Value(rank)) for rank, role in enumerate(Role.values)), output_field=_NUMBER)
    people = list(Membership.current.select_related("user").filter(team=actor.team).order_by(order, "user__email"))
    manages = actor.may(roles.MANAGE)
    factors = with_factor([row.user_id for row in people]) if manages else set()
    grantable = roles.grantable_roles(actor.permissions) if manages else []
    lines = []
    for row in people:
        is_self = actor.user is not None and row.user_id == actor.user.pk
        lines.append(
            MemberLine(
                membership=row,
                is_self=is_self,
                has_factor=row.user_id in factors if manages else None,
                may_change=row.role in grantable and not is_self,
            )
        )
    return lines


_NUMBER = IntegerField()


def with_factor(user_ids: Sequence[int]) -> set[int]:
    """Which of these people have a second factor (recovery codes alone are none). One query."""
    factors = Authenticator.objects.filter(user__in=user_ids).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return set(factors.values_list("user_id", flat=True))


def without_factor(actor: Actor) -> int:
    """How many members of the actor's team a required second factor would stop."""
    people = list(Membership.current.filter(team=actor.team).values_list("user_id", flat=True))
    return len(people) - len(with_factor(people))


def open_invitations(actor: Actor) -> list[InvitationLine]:
    """Invitations of the actor's team that can still be accepted, newest first. One query."""
    rows = Invitation.objects.filter(team=actor.team, status=InvitationStatus.OPEN, expires_at__gt=Now())
    offered = invitation_ends.roles_to_offer(actor.permissions) if actor.may(roles.MANAGE) else []
    ordered = rows.select_related("invited_by__user").order_by("-sent_at", "-id")
    return [InvitationLine(invitation=row, may_touch=row.role in offered) for row in ordered]


def successors(actor: Actor) -> list[Membership]:
    """Whom the actor's team can be handed over to: active members who do not own it."""
    people = Membership.current.select_related("user").filter(team=actor.team, user__is_active=True)
    return list(people.exclude(role=Role.OWNER).order_by("user__email"))


def owners_beside(actor: Actor) -> list[User]:
    """The other owners of the actor's team."""
    people = Membership.current.select_related("user").filter(team=actor.team, role=Role.OWNER)
    return [row.user for row in people.order_by("user__email") if actor.user is None or row.user_id != actor.user.pk]
