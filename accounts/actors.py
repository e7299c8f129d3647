"""Who is acting, for which team: what every service that spends or writes is told."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import ApiKey, ApiKeySecret, Membership, Team, User


@dataclass(frozen=True)
class Actor:
    """A member in a browser (`membership`), a program with a key (`api_key`), or one of the operator's people who only
    looks (`viewer`, viewing.py): exactly one of the three."""

    team: Team
    permissions: frozenset[str]
    membership: Membership | None = None
    api_key: ApiKey | None = None
    secret: ApiKeySecret | None = None  # the one that was presented with the key
    viewer: User | None = None

    @property
    def user(self) -> User | None:
        return self.membership.user if self.membership else None

    @property
    def name(self) -> str:
        """How history names the actor."""
        if self.api_key:
            return self.api_key.public_id
        if self.viewer:
            return f"staff:{self.viewer.pk}"
        assert self.membership is not None
        return f"user:{self.membership.user_id}"

    def may(self, permission: str) -> bool:
        return permission in self.permissions
