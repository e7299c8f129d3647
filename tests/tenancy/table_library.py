"""The lines of the library: favourites, tags, selected generations, deleted outputs (see table.py)."""

from __future__ import annotations

from accounts import roles
from tests.tenancy.rules import BOTH, WRITE, Rule, api, only, team

_ROW = {"row": "{generation}", "back": "/history"}

LIBRARY: dict[str, Rule] = {
    "history/selected": team(roles.SEE, WRITE, body={**_ROW, "do": "favourite"}),
    "history/selected/delete": team(roles.SEE, WRITE, write=roles.MAKE, body=_ROW),
    "history/tags": team(roles.SEE, BOTH, write=roles.MAKE, body={"tag": "{tag}", "to": "another"}),
    # asks about the tag that its address names, and leads back to the list without one
    "history/tags/delete": team(roles.MAKE, BOTH, body={"tag": "{tag}"}, answers=only(GET=302, HEAD=302)),
    "generations/<str:public_id>/favourite": team(
        roles.SEE, WRITE, ids={"public_id": "generation"}, body={"on": "yes"}
    ),
    "generations/<str:public_id>/tags": team(
        roles.SEE, WRITE, write=roles.MAKE, ids={"public_id": "generation"}, body={"tag": "foxes", "do": "tag"}
    ),
}
LIBRARY_REST: dict[str, Rule] = {
    # a key that may only make deletes what it made itself (403), one that manages everything
    "generations/<str:public_id>/outputs": api(
        roles.MAKE, frozenset({"DELETE"}), ids={"public_id": "generation"}, answers=only(DELETE=(204, 403))
    ),
}
