"""What every page shows: the team, the wallet, who is signed in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts import access
from billing import ledger


def house(request: HttpRequest) -> dict[str, Any]:
    """The actor and wallet of a signed-in member, lazily for nobody else. Two queries."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated or request.path.startswith("/admin"):
        return {}
    actor = getattr(request, "actor", None) or access.actor_of_session(request)
    return {"actor": actor, "wallet": ledger.wallet(actor.team.pk)}
