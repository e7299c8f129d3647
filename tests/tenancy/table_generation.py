"""The lines of a generation's pages and of what its share links show (see table.py)."""

from __future__ import annotations

from accounts import roles
from tests.tenancy.rules import WRITE, Rule, only, public, team

GENERATION: dict[str, Rule] = {
    "generations/<str:public_id>": team(roles.SEE, ids={"public_id": "generation"}),
    "generations/<str:public_id>/live": team(roles.SEE, ids={"public_id": "running"}),
    "generations/<str:public_id>/cancel": team(
        roles.SEE, WRITE, write=roles.MAKE, ids={"public_id": "queued"}, body={}
    ),
    "generations/<str:public_id>/receipt": team(roles.SEE, ids={"public_id": "generation"}),
    "generations/<str:public_id>/receipt.pdf": team(roles.SEE, ids={"public_id": "generation"}),
    "generations/<str:public_id>/again": team(
        roles.SEE, WRITE, write=roles.MAKE, ids={"public_id": "generation"}, body={"agreed": "99000000"}
    ),
    "generations/<str:public_id>/webhook": team(roles.SEE, ids={"public_id": "generation"}),
    "generations/<str:public_id>/shares": team(
        roles.SEE, WRITE, write=roles.MAKE, ids={"public_id": "generation"}, body={"days": "7"}
    ),
    "generations/<str:public_id>/shares/<str:share_id>/revoke": team(
        roles.SEE, WRITE, write=roles.MAKE, ids={"public_id": "generation", "share_id": "share"}, body={}
    ),
    "s/<str:token>": public(given={"token": "nothing"}, answers=only(GET=404, HEAD=404)),  # opened by a signature
}
