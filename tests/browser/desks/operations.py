"""Pages of the desk of operations."""

from __future__ import annotations

from tests.browser.place import Place

AT = "admin/operations"
PLACES: list[Place] = [
    Place("operations", AT, "/admin/operations", "root"),
    Place("operations-open", f"{AT}/open", "/admin/operations/open", "root"),
    Place("operations-open", f"{AT}/open", "/admin/operations/open?model=kling-2.1-pro&age=older", "root", "empty"),
    Place("operations-open", f"{AT}/open", "/admin/operations/open?status=gone", "root", "error", 422),
    Place("operations-late", f"{AT}/late", "/admin/operations/late", "root"),
    Place(
        "operations-generation",
        f"{AT}/generations/<str:public_id>",
        "/admin/operations/generations/{video}",
        "root",
    ),
    Place("operations-callbacks", f"{AT}/callbacks", "/admin/operations/callbacks", "root"),
    Place("operations-callbacks", f"{AT}/callbacks", "/admin/operations/callbacks?verdict=failed", "root", "empty"),
    Place("operations-callbacks", f"{AT}/callbacks", "/admin/operations/callbacks?generation=x", "root", "error", 422),
    Place("operations-callback", f"{AT}/callbacks/<str:callback_id>", "/admin/operations/callbacks/in-1", "root"),
    Place("operations-providers", f"{AT}/providers", "/admin/operations/providers?window=week", "root"),
    Place("operations-pauses", f"{AT}/pauses", "/admin/operations/pauses", "root"),
    Place("operations-queue", f"{AT}/queue", "/admin/operations/queue", "root"),
    Place("operations-books", f"{AT}/books", "/admin/operations/books", "root"),
]
