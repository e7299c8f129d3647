"""Who is told what at the desk of alerts. Routes are relative to /admin/."""

from __future__ import annotations

from tests.tenancy.rules import Rule

DESK: dict[str, Rule] = {
    "alerts": Rule("staff"),
    "alerts.csv": Rule("staff"),
    "alerts/<int:number>": Rule("staff", given={"number": "1"}),
    "alerts/notices": Rule("staff"),
    "alerts/notices.csv": Rule("staff"),
    "alerts/rules": Rule("staff"),
    "alerts/rules.csv": Rule("staff"),
    "alerts/rules/<str:kind>": Rule("staff", given={"kind": "error_rate"}),
    "alerts/test": Rule("staff"),
}
