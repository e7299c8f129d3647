"""Teams and their people: make one, add an owner."""

from __future__ import annotations

import secrets

from allauth.account.models import EmailAddress

from accounts.models import Membership, Role, Team, User


def create(*, name: str, owner: User) -> Team:
    """A new team with its owner. The caller holds the transaction."""
    team = Team.objects.create(name=name)
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    return team


def ensure_user(*, email: str) -> tuple[User, str | None]:
    """The user of this address, made when missing with its address confirmed. Returns the password only then."""
    user = User.objects.filter(email__iexact=email).first()
    password = None
    if user is None:
        password = secrets.token_urlsafe(12)
        user = User.objects.create_user(email, password)
    address, _ = EmailAddress.objects.get_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    if not address.verified:
        EmailAddress.objects.filter(pk=address.pk).update(verified=True)
    return user, password


def ensure_own_team(user: User) -> Team:
    """The first team of a person, made at first need, so that nobody who signs up stands outside."""
    membership = Membership.current.filter(user=user).select_related("team").order_by("id").first()
    if membership:
        return membership.team
    return create(name=f"{user.email.partition('@')[0]}'s team", owner=user)
