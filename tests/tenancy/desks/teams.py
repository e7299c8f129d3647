"""Who is told what at the desk of teams and of duties. Routes are relative to /admin/."""

from __future__ import annotations

from tests.tenancy.rules import Rule

TEAM = {"public_id": "team"}
ADJUSTMENT = {"public_id": "adj_00000000000000000000000000000000"}

DESK: dict[str, Rule] = {
    "teams": Rule("staff"),
    "teams.csv": Rule("staff"),
    "teams/view/end": Rule("staff"),
    "teams/adjustments/<str:public_id>": Rule("staff", given=ADJUSTMENT),
    "teams/generations/<str:public_id>": Rule("staff", ids={"public_id": "generation"}),
    "teams/<str:public_id>": Rule("staff", ids=TEAM),
    "teams/<str:public_id>/statement": Rule("staff", ids=TEAM),
    "teams/<str:public_id>/tables/<str:name>.csv": Rule("staff", ids=TEAM, given={"name": "lots"}),
    "teams/<str:public_id>/grant": Rule("staff", ids=TEAM),
    "teams/<str:public_id>/adjust": Rule("staff", ids=TEAM),
    "teams/<str:public_id>/view": Rule("staff", ids=TEAM),
    "teams/<str:public_id>/act/<str:name>": Rule("staff", ids=TEAM, given={"name": "freeze"}),
    "duties": Rule("staff"),
    "duties.csv": Rule("staff"),
    "duties/<int:pk>": Rule("staff", given={"pk": "1"}),
}
