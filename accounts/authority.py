"""Whether somebody may do it, and whether they still may when the effect happens (invariants.md T2, faults.md row 70).

An edge builds the Actor when a request begins; until its effect is written the person may have been removed, the role
lowered or the key revoked. So whatever writes asks `still` inside its transaction.
"""

from __future__ import annotations

from accounts import key_proof, roles
from accounts.actors import Actor
from accounts.models import Membership, TeamStatus
from project.errors import Forbidden


def require(actor: Actor, permission: str) -> Actor:
    """The actor again, or Forbidden with what is missing."""
    if not actor.may(permission):
        who = "This API key" if actor.api_key else "Your role"
        raise Forbidden(f"{who} may not do this: it needs the permission “{permission}”.")
    return actor


def still(actor: Actor, permission: str) -> Actor:
    """The actor as the database knows it now, with `permission`. The caller holds the transaction (and the team's
    row, where what it does must not meet a change of members).

    Raises Forbidden (`not_a_member`) for a person who has left or was removed or deactivated, Unauthenticated for a
    key that was revoked or has expired, Forbidden when role or scopes no longer reach, and for staff who look."""
    if actor.api_key is not None:
        return require(key_proof.require_live(actor), permission)
    if actor.viewer is not None:
        raise Forbidden("You are looking as staff, read only: nothing can be sent or changed.", code="read_only")
    assert actor.membership is not None
    people = Membership.current.select_related("team", "user").filter(user__is_active=True)
    membership = people.filter(pk=actor.membership.pk).exclude(team__status=TeamStatus.CLOSED).first()
    if membership is None:
        raise Forbidden("You no longer belong to this team.", code="not_a_member")
    now = Actor(team=membership.team, permissions=roles.of_role(membership.role), membership=membership)
    return require(now, permission)
