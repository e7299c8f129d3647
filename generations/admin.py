"""Staff's switches: models on and off, prices to read, generations to look at. Money is never edited here."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from accounts.staff_log import Audited, ReadOnly
from generations.models import Generation, Listing, PriceVersion


@admin.register(Listing)
class ListingAdmin(Audited):
    """Switch a model off with a note that users read; the catalogue decides which models exist."""

    list_display = ("slug", "available", "note", "updated_at")
    list_editable = ("available", "note")
    readonly_fields = ("slug", "position", "updated_at")
    ordering = ("position",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(PriceVersion)
class PriceVersionAdmin(ReadOnly):
    list_display = ("slug", "number", "margin_ppm", "effective_from", "created_by", "reason")
    list_filter = ("slug",)
    ordering = ("slug", "-number")


@admin.register(Generation)
class GenerationAdmin(ReadOnly):
    list_display = ("id", "team", "model", "status", "reason", "price", "charged", "cost_verdict", "created_at")
    list_filter = ("status", "provider", "cost_verdict", "model")
    list_select_related = ("team",)
    ordering = ("-created_at",)
    show_full_result_count = False
