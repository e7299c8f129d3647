"""Pages of the desk of alerts."""

from __future__ import annotations

from tests.browser.place import Place

PLACES: list[Place] = [
    Place("alerts", "admin/alerts", "/admin/alerts", "root"),
    Place("alerts", "admin/alerts", "/admin/alerts?kind=balance_low", "root", "empty"),
    Place("alerts", "admin/alerts", "/admin/alerts?kind=nothing", "root", "error", 404),
    Place("alert", "admin/alerts/<int:number>", "/admin/alerts/{alert}", "root"),
    Place("alert", "admin/alerts/<int:number>", "/admin/alerts/99999", "root", "error", 404),
    Place("alert-notices", "admin/alerts/notices", "/admin/alerts/notices", "root"),
    Place("alert-rules", "admin/alerts/rules", "/admin/alerts/rules", "root"),
    Place("alert-rule", "admin/alerts/rules/<str:kind>", "/admin/alerts/rules/error_rate", "root"),
]
