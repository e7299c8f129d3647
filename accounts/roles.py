"""Who may do what: the one table that pages, API and tests read (design section 10)."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.models import Role

SEE = "see"  # the team's history and models
MAKE = "make"  # generations, uploads, quotes
BILLING = "billing"  # wallet, payments, statements
MANAGE = "manage"  # members, keys, budgets, webhooks, the audit log
OWN = "own"  # owners, the team's name and rules, handing it over, closing it

PERMISSIONS: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset({SEE, MAKE, BILLING, MANAGE, OWN}),
    Role.ADMIN: frozenset({SEE, MAKE, MANAGE}),
    Role.BILLING: frozenset({SEE, BILLING}),
    Role.MEMBER: frozenset({SEE, MAKE}),
    Role.VIEWER: frozenset({SEE}),
}

# What an API key's scope lets a program do.
SCOPES: dict[str, frozenset[str]] = {
    "read": frozenset({SEE}),
    "generate": frozenset({SEE, MAKE}),
    "billing": frozenset({SEE, BILLING}),
    "manage": frozenset({SEE, MANAGE}),
}


def of_role(role: str) -> frozenset[str]:
    """The permissions of a role."""
    return PERMISSIONS[role]


def of_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """The permissions of a key's scopes together."""
    return frozenset().union(*(SCOPES[scope] for scope in scopes if scope in SCOPES))


def grantable_roles(permissions: frozenset[str]) -> list[str]:
    """The roles that somebody with these permissions may give or take: nobody gives more than they have."""
    return [role for role in Role.values if PERMISSIONS[role] <= permissions]


def grantable_scopes(permissions: frozenset[str]) -> list[str]:
    """The scopes that somebody with these permissions may put on a key."""
    return [scope for scope, needed in SCOPES.items() if needed <= permissions]
