"""Pages of the desk of reconciliation."""

from __future__ import annotations

from tests.browser.place import Place

_HERE = "admin/reconciliation"
_OLD = "from=2001-01-01&to=2001-01-31"
PLACES: list[Place] = [
    Place("reconciliation", _HERE, "/admin/reconciliation", "root"),
    Place("reconciliation", _HERE, f"/admin/reconciliation?{_OLD}", "root", "empty"),
    Place("reconciliation", _HERE, "/admin/reconciliation?from=x", "root", "error", 422),
    *(
        place
        for which in ("never-charged", "theirs-only", "ours-only")
        for place in (
            Place(f"reconciliation-{which}", f"{_HERE}/tasks/<slug:which>", f"/{_HERE}/tasks/{which}", "root"),
            Place(
                f"reconciliation-{which}",
                f"{_HERE}/tasks/<slug:which>",
                f"/{_HERE}/tasks/{which}?{_OLD}",
                "root",
                "empty",
            ),
        )
    ),
    Place("reconciliation-balances", f"{_HERE}/balances", f"/{_HERE}/balances", "root"),
    Place("reconciliation-balances", f"{_HERE}/balances", f"/{_HERE}/balances?{_OLD}", "root", "empty"),
    Place("reconciliation-imports", f"{_HERE}/imports", f"/{_HERE}/imports", "root"),
    Place("reconciliation-import", f"{_HERE}/imports/<int:number>", f"/{_HERE}/imports/{{import}}", "root"),
    Place("reconciliation-import", f"{_HERE}/imports/<int:number>", f"/{_HERE}/imports/0", "root", "error", 404),
    Place("reconciliation-cases", f"{_HERE}/cases", f"/{_HERE}/cases", "root"),
    Place("reconciliation-cases", f"{_HERE}/cases", f"/{_HERE}/cases?state=closed&owner=nobody", "root", "empty"),
    Place("reconciliation-cases", f"{_HERE}/cases", f"/{_HERE}/cases?state=odd", "root", "error", 422),
    Place("reconciliation-case", f"{_HERE}/cases/<str:public_id>", f"/{_HERE}/cases/{{case}}", "root"),
    Place("reconciliation-case", f"{_HERE}/cases/<str:public_id>", f"/{_HERE}/cases/nothing", "root", "error", 404),
]
