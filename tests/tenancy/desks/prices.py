"""Who is told what at the desk of prices. Routes are relative to /admin/."""

from __future__ import annotations

from tests.tenancy.rules import Rule

MODEL = {"slug": "hailuo-2.3-pro"}
TEAM = {"public_id": "team_00000000000000000000000000000000"}

DESK: dict[str, Rule] = {
    "prices": Rule("staff"),
    "prices.csv": Rule("staff"),
    "prices/models/<str:slug>.csv": Rule("staff", given=MODEL),
    "prices/models/<str:slug>": Rule("staff", given=MODEL),
    "prices/what-if": Rule("staff"),
    "prices/what-if.csv": Rule("staff"),
    "prices/discounts": Rule("staff"),
    "prices/discounts.csv": Rule("staff"),
    "prices/discounts/<str:public_id>.csv": Rule("staff", given=TEAM),
    "prices/discounts/<str:public_id>": Rule("staff", given=TEAM),
}
