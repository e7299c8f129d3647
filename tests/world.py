"""The named world of the tests: alice (owner), bob (member), carol (viewer) of Studio; mallory elsewhere."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts import keys, roles
from accounts.actors import Actor
from accounts.models import ApiKey, Membership, Role, Team, User
from billing import credits, ledger
from generations import offers
from project.money import CREDIT

PASSWORD = "correct horse battery staple"
FIRST_CREDIT = 2_000 * CREDIT


@dataclass(frozen=True)
class World:
    team: Team
    other_team: Team
    alice: User
    bob: User
    carol: User
    mallory: User
    key: str
    api_key: ApiKey
    other_key: str

    def actor(self, user: User | None = None) -> Actor:
        """alice's team's key as an actor, or a member in a browser."""
        if user is None:
            return Actor(team=self.team, permissions=roles.of_scopes(list(roles.SCOPES)), api_key=self.api_key)
        membership = Membership.objects.select_related("user").get(team=self.team, user=user)
        return Actor(team=self.team, permissions=roles.of_role(membership.role), membership=membership)


def make_world() -> World:
    """Makes it: both teams have 2,000 credits ($10.00) and a key of all scopes."""
    with transaction.atomic():
        return _make_world()


def _make_world() -> World:
    offers.sync()
    alice, bob, carol, mallory = (person(name) for name in ("alice", "bob", "carol", "mallory"))
    team, api_key, key = team_of("Studio", alice)
    other_team, _, other_key = team_of("Elsewhere", mallory)
    Membership.objects.create(team=team, user=bob, role=Role.MEMBER)
    Membership.objects.create(team=team, user=carol, role=Role.VIEWER)
    return World(team, other_team, alice, bob, carol, mallory, key, api_key, other_key)


def person(name: str) -> User:
    user = User.objects.create_user(f"{name}@example.com", PASSWORD, name=name)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def team_of(name: str, owner: User, credit: int = FIRST_CREDIT) -> tuple[Team, ApiKey, str]:
    team = Team.objects.create(name=name)
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    ledger.open_wallet(team)
    if credit:
        credits.grant(team=team, amount=credit, actor="test", reason="first credit", grant_id=uuid.uuid4())
    row, text = keys.issue(team=team, name="test key", scopes=list(roles.SCOPES), by=owner)
    return team, row, text
