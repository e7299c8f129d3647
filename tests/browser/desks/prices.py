"""Pages of the desk of prices."""

from __future__ import annotations

from tests.browser.place import Place

PLACES: list[Place] = [
    Place("desk-prices", "admin/prices", "/admin/prices", "root"),
    Place("desk-price-model", "admin/prices/models/<str:slug>", "/admin/prices/models/hailuo-2.3-pro", "root"),
    Place("desk-what-if", "admin/prices/what-if", "/admin/prices/what-if?change=10&of=&days=30", "root"),
    Place("desk-what-if", "admin/prices/what-if", "/admin/prices/what-if?change=x&of=&days=30", "root", "error", 422),
    Place("desk-discounts", "admin/prices/discounts", "/admin/prices/discounts", "root"),
    Place("desk-discounts", "admin/prices/discounts", "/admin/prices/discounts?team=nobody", "root", "error", 422),
    Place(
        "desk-discounts-of", "admin/prices/discounts/<str:public_id>", "/admin/prices/discounts/{studio_team}", "root"
    ),
]
