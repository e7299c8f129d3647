"""Webhooks for staff: endpoints and deliveries to look at, without secrets, bodies or what receivers answered."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import Delivery, WebhookEndpoint
from accounts.staff_log import ReadOnly
from project import ids


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnly):
    """Of an address only the host: the rest may be a secret of its receiver's."""

    list_display = ("public_id", "team", "url_shown", "status", "disabled_reason", "failing_since", "created_at")
    list_filter = ("status", "disabled_reason")
    list_select_related = ("team",)
    ordering = ("-id",)
    search_fields = ("created_by",)  # and public ids: see get_search_results
    search_help_text = "whe_… or team_…: exact."
    show_full_result_count = False
    fields = (
        *("public_id", "team", "url_shown", "description", "events", "status", "disabled_reason", "failing_since"),
        *("warned_at", "created_by", "created_at", "deleted_at"),
    )
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        word = search_term.strip()
        if not word:
            return queryset, False
        endpoint, team = ids.parse("whe", word), ids.parse("team", word)
        return (queryset.filter(team__uuid=team) if team else queryset.filter(uuid=endpoint)), False


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly):
    """When what was told, how often it was tried, and how it ended. Bodies are the team's own."""

    list_display = ("public_id", "team", "type", "endpoint", "host", "status", "tries", "last_status", "created_at")
    list_filter = ("status", "event__type", "created_at")
    list_select_related = ("team", "event", "endpoint")
    ordering = ("-id",)
    search_fields = ("host",)  # see get_search_results
    search_help_text = "dlv_…, evt_…, whe_… or team_…: exact."
    show_full_result_count = False
    fields = (
        *("public_id", "team", "type", "event_id_shown", "endpoint", "host", "status", "tries", "last_status"),
        *("next_action_at", "leased_until", "asked_by", "created_at", "ended_at"),
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("event__payload", "event__files")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        word = search_term.strip()
        if not word:
            return queryset, False
        places = {"dlv": "uuid", "evt": "event__uuid", "whe": "endpoint__uuid", "team": "team__uuid"}
        for prefix, place in places.items():
            uuid = ids.parse(prefix, word)
            if uuid is not None:
                return queryset.filter(**{place: uuid}), False
        return queryset.filter(host=word), False

    @admin.display(description="event")
    def type(self, row: Delivery) -> str:
        return row.event.type

    @admin.display(description="event id")
    def event_id_shown(self, row: Delivery) -> str:
        return row.event.public_id
