"""Pages of the desk of teams and of duties."""

from __future__ import annotations

from tests.browser.place import Place

_TEAMS = "admin/teams"
_TEAM = "admin/teams/<str:public_id>"
PLACES: list[Place] = [
    Place("desk-teams", "admin/teams", "/admin/teams", "root"),
    Place("desk-teams", "admin/teams", "/admin/teams?q=nothing+of+this+name", "root", "empty"),
    Place("desk-team", _TEAM, "/admin/teams/{team}", "root"),
    Place("desk-team-statement", f"{_TEAM}/statement", "/admin/teams/{team}/statement", "root"),
    Place("desk-team-statement", f"{_TEAM}/statement", "/admin/teams/{team}/statement?from=x", "root", "error", 422),
    Place("desk-team-grant", f"{_TEAM}/grant", "/admin/teams/{team}/grant", "root"),
    Place("desk-team-adjust", f"{_TEAM}/adjust", "/admin/teams/{team}/adjust", "root"),
    Place("desk-team-freeze", f"{_TEAM}/act/<str:name>", "/admin/teams/{team}/act/freeze", "root"),
    Place(
        "desk-team-generation", "admin/teams/generations/<str:public_id>", "/admin/teams/generations/{video}", "root"
    ),
    Place("desk-team-view", f"{_TEAM}/view", "/admin/teams/{team}/view", "root"),
    Place(
        "desk-adjustment", "admin/teams/adjustments/<str:public_id>", "/admin/teams/adjustments/{adjustment}", "root"
    ),
    Place("desk-person", "admin/duties/<int:pk>", "/admin/duties/{staff_pk}", "root"),
    Place("desk-duties", "admin/duties", "/admin/duties", "root"),
]
