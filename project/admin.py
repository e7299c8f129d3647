"""The outbox for staff: what waits, what failed and why, without a body or a link. `manage.py mail` sends it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from project.models import Mail

if TYPE_CHECKING:
    Rows = admin.ModelAdmin[Any]
else:  # Django's own class takes no parameters
    Rows = admin.ModelAdmin


@admin.register(Mail)
class MailAdmin(Rows):
    list_display = ("id", "to", "subject", "status", "attempts", "error", "created_at", "next_attempt_at", "sent_at")
    list_filter = ("status",)
    search_fields = ("to", "subject")
    ordering = ("-id",)
    exclude = ("sealed",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
