"""Stripe's events for staff: what came, as it came, what became of it, and running it again."""

from __future__ import annotations

import json

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.staff_log import ReadOnly, staff_of
from billing import stripe_events
from billing.models import StripeEvent

MAY_RUN_AGAIN = "billing.change_stripeevent"


@admin.register(StripeEvent)
class StripeEventAdmin(ReadOnly):
    """Failed ones stay until somebody has looked and runs them again."""

    list_display = ("event_id", "type", "object_id", "status", "outcome", "source", "attempts", "created_at")
    list_filter = ("status", "type", "source", "livemode", "created_at")
    ordering = ("-id",)
    search_fields = ("event_id", "object_id")
    show_full_result_count = False
    actions = ("run_again",)
    fields = (
        *("event_id", "type", "object_id", "account", "livemode", "api_version", "source", "status", "outcome"),
        *("attempts", "created_at", "received_at", "next_action_at", "processed_at", "as_it_came"),
    )
    readonly_fields = fields

    @admin.display(description="payload")
    def as_it_came(self, row: StripeEvent) -> SafeString:
        """Indented where it is JSON, which is all that we store; its text otherwise."""
        try:
            text = json.dumps(json.loads(row.payload), indent=2)
        except ValueError:
            text = row.payload
        return format_html("<pre>{}</pre>", text)

    def has_run_permission(self, request: HttpRequest) -> bool:
        """Whether this person may run events again."""
        return isinstance(request.user, User) and request.user.has_perm(MAY_RUN_AGAIN)

    @admin.action(description="Run again", permissions=["run"])
    def run_again(self, request: HttpRequest, queryset: QuerySet[StripeEvent]) -> None:
        for row in queryset:
            if stripe_events.run_again(row, staff_of(request)):
                self.message_user(request, f"Run again: {row.event_id}", messages.SUCCESS)
            else:
                self.message_user(request, f"Waits to be run anyway: {row.event_id}", messages.WARNING)
