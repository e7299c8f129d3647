"""What every page shows: the team, the wallet, who is signed in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts import access
from billing import ledger


def house(request: HttpRequest) -> dict[str, Any]:
    """The actor, their teams and the wallet of a signed-in member; nothing for nobody. Two queries: the teams come
    with the actor, for the switcher. A page that set `request.actor` to None stands outside of any team."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or request.path.startswith("/admin"):
        return {}
    actor = request.actor if hasattr(request, "actor") else access.actor_of_session(request)
    if actor is None:
        return {}
    return {"actor": actor, "places": access.memberships_of(request), "wallet": ledger.wallet(actor.team.pk)}
