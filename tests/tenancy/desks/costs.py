"""Who is told what at the desk of costs. Routes are relative to /admin/."""

from __future__ import annotations

from tests.tenancy.rules import Rule

DESK: dict[str, Rule] = {
    "costs": Rule("staff"),
    "costs/by/<str:what>": Rule("staff", given={"what": "model"}),
    "costs/by/<str:what>.csv": Rule("staff", given={"what": "team"}),
    "costs/prices-below-cost.csv": Rule("staff"),
    "costs/report.pdf": Rule("staff"),
    "costs/generations": Rule("staff"),
    "costs/generations.csv": Rule("staff"),
    "costs/generations/<str:public_id>": Rule("staff", ids={"public_id": "generation"}),
}
