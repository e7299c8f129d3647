"""The lines of what the studio's form asks besides its own address (see table.py)."""

from __future__ import annotations

from accounts import roles
from tests.tenancy.rules import WRITE, Rule, only, team

STUDIO: dict[str, Rule] = {
    "studio/<str:slug>/expand": team(
        roles.SEE,
        WRITE,
        write=roles.MAKE,
        given={"slug": "veo-3.1-fast"},
        body={"prompt": "a dog", "expand.do": "ask", "expand.key": "0" * 32, "expand.most": "20000"},
    ),
    "studio/<str:slug>/expansions/<str:public_id>": team(
        roles.SEE,
        given={"slug": "veo-3.1-fast"},
        ids={"public_id": "generation"},
        answers=only(GET=302, HEAD=302),  # its panel is a script's; a browser is led to its page
    ),
}
