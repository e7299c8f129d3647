"""Who is told what at the desk of operations. Routes are relative to /admin/."""

from __future__ import annotations

from tests.tenancy.rules import Rule

DESK: dict[str, Rule] = {
    "operations": Rule("staff"),
    "operations/open": Rule("staff"),
    "operations/open.csv": Rule("staff"),
    "operations/late": Rule("staff"),
    "operations/late.csv": Rule("staff"),
    "operations/generations/<str:public_id>": Rule("staff", ids={"public_id": "generation"}),
    "operations/generations/<str:public_id>/attach": Rule("staff", ids={"public_id": "generation"}),
    "operations/generations/<str:public_id>/release": Rule("staff", ids={"public_id": "generation"}),
    "operations/callbacks": Rule("staff"),
    "operations/callbacks.csv": Rule("staff"),
    "operations/callbacks/<str:callback_id>": Rule("staff", given={"callback_id": "in-1"}),
    "operations/callbacks/<str:callback_id>/replay": Rule("staff", given={"callback_id": "in-1"}),
    "operations/providers": Rule("staff"),
    "operations/providers.csv": Rule("staff"),
    "operations/pauses": Rule("staff"),
    "operations/pauses.csv": Rule("staff"),
    "operations/pauses/<int:pause_id>/resume": Rule("staff", given={"pause_id": "1"}),
    "operations/queue": Rule("staff"),
    "operations/queue.csv": Rule("staff"),
    "operations/queue/failures.csv": Rule("staff"),
    "operations/books": Rule("staff"),
    "operations/books.csv": Rule("staff"),
    "operations/books/check": Rule("staff"),
    "operations/books/clear": Rule("staff"),
}
