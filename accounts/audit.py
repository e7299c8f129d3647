"""The audit log's one writer. A row stands in the transaction of the act that it tells of.

The log only grows: nothing of ours deletes from it, at no age, and the database refuses UPDATE, DELETE and TRUNCATE
(migration 0004; faults.md E11).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.actors import Actor
from accounts.models import Action, ApiKey, AuditEvent, Membership, Team, User
from project import origin

SYSTEM = "system"
NOBODY = "unknown"  # it may have been anybody: who failed to sign in
STAFF = "staff"  # before the colon in the name of one of the operator's people


@dataclass(frozen=True)
class Staff:
    """One of the operator's people at work. A team sees that staff did it, not who (audit_words.by_staff)."""

    user: User


Doer = Actor | Staff | User | str  # a str is a program of ours: "system", "create_team"


def record(
    action: Action,
    *,
    by: Doer,
    team: Team | None,
    target: str = "",
    target_name: str = "",
    data: Mapping[str, Any] | None = None,
) -> AuditEvent:
    """Writes one event with the origin of the request that is being answered. `target` is a public id or
    `user:<id>`; `data` is small JSON (before, after) and never holds a key, a token or a prompt."""
    actor, actor_name = _named(by)
    here = origin.current()
    return AuditEvent.objects.create(
        team=team,
        action=action,
        actor=actor,
        actor_name=actor_name[:254],
        target=target,
        target_name=target_name[:254],
        data=dict(data or {}),
        ip=here.ip,
        user_agent=here.user_agent,
        request_id=here.request_id,
    )


def record_for_person(
    action: Action, *, user: User, by: Doer | None = None, data: Mapping[str, Any] | None = None
) -> None:
    """What concerns a person (a sign-in, a second factor) stands in the log of each of their teams, and of none when
    they have none."""
    teams: list[Team | None] = [row.team for row in Membership.current.filter(user=user).select_related("team")]
    for team in teams or [None]:
        record(action, by=by or user, team=team, target=name_of(user), target_name=user.email, data=data)


def name_of(user: User) -> str:
    """How the log names a person: an address may change, this does not."""
    return f"user:{user.pk}"


def actor_of(by: Doer) -> str:
    """What a row keeps of who did something: `user:5`, `staff:5`, `key:...`, the name of a program of ours."""
    return _named(by)[0]


def _named(by: Doer) -> tuple[str, str]:
    if isinstance(by, str):
        return by, by
    if isinstance(by, User):
        return name_of(by), by.email
    if isinstance(by, Staff):
        return f"{STAFF}:{by.user.pk}", by.user.email
    who: ApiKey | User | None = by.api_key or by.user or by.viewer
    assert who is not None
    return by.name, who.name if isinstance(who, ApiKey) else who.email
