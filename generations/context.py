"""What every page shows: the team, the wallet, who is signed in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts import access, viewing
from billing import ledger


def house(request: HttpRequest) -> dict[str, Any]:
    """The actor, their teams and the wallet of a signed-in member; nothing for nobody, or who belongs to no team (yet:
    a page of members makes them one, this only reads). Two queries: the teams come with the actor."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    view = viewing.of(request)
    seen = {"viewing": view} if view else {}
    if request.path.startswith("/admin"):
        return seen
    actor = getattr(request, "actor", None) or access.actor_if_any(request)
    if actor is None:
        return seen
    return {**seen, "actor": actor, "places": access.memberships_of(request), "wallet": ledger.wallet(actor.team.pk)}
