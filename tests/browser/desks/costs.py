"""Pages of the desk of costs."""

from __future__ import annotations

from tests.browser.place import Place

PLACES: list[Place] = [
    Place("costs", "admin/costs", "/admin/costs", "root"),
    Place("costs", "admin/costs", "/admin/costs?from=2001-01-01&to=2001-01-31", "root", "empty"),
    Place("costs", "admin/costs", "/admin/costs?from=2026-02-01&to=2026-01-01", "root", "error", 422),
    Place("costs", "admin/costs", "/admin/costs?from=2026-01-01&to=2026-12-31&sort=margin", "root", "year"),
    Place("costs-by", "admin/costs/by/<str:what>", "/admin/costs/by/team", "root"),
    Place(
        "costs-by", "admin/costs/by/<str:what>", "/admin/costs/by/team?from=2001-01-01&to=2001-01-31", "root", "empty"
    ),
    Place("costs-generations", "admin/costs/generations", "/admin/costs/generations", "root"),
    Place("costs-generations", "admin/costs/generations", "/admin/costs/generations?verdict=over", "root", "empty"),
    Place("costs-generations", "admin/costs/generations", "/admin/costs/generations?team=nobody", "root", "error", 422),
    Place("costs-generation", "admin/costs/generations/<str:public_id>", "/admin/costs/generations/{video}", "root"),
]
