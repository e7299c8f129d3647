"""The only getters of a team's own rows: strangers get 404, a role that may not gets 403 (style.md item 3)."""

from __future__ import annotations

from django.http import HttpRequest

from accounts import roles
from accounts.actors import Actor
from accounts.models import Membership, TeamStatus
from accounts.teams import ensure_own_team
from project.errors import Forbidden, NotFound

SESSION_TEAM = "team"


def actor_of_session(request: HttpRequest) -> Actor:
    """The signed-in member acting for the team chosen in this session (the first one without a choice).

    Raises NotFound without a team of theirs; the caller has already asked for sign-in."""
    user = request.user
    if not user.is_authenticated:
        raise NotFound
    memberships = Membership.current.select_related("team", "user").filter(user=user).order_by("id")
    chosen = request.session.get(SESSION_TEAM)
    membership = memberships.filter(team_id=chosen).first() if chosen else None
    membership = membership or memberships.exclude(team__status=TeamStatus.CLOSED).first()
    if membership is None:
        ensure_own_team(user)
        membership = memberships.get()
    return Actor(team=membership.team, permissions=roles.of_role(membership.role), membership=membership)


def require(actor: Actor, permission: str) -> Actor:
    """The actor again, or Forbidden with what is missing."""
    if not actor.may(permission):
        who = "This API key" if actor.api_key else "Your role"
        raise Forbidden(f"{who} may not do this: it needs the permission “{permission}”.")
    return actor
