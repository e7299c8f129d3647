"""/admin/components: every component once, with real and with awkward content, for who builds pages."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

STATUSES = ("queued", "submitting", "unknown", "running", "storing", "succeeded", "failed", "canceled")
ICONS = (
    "sparkles", "squares-2x2", "user-group", "wallet", "key", "bolt", "star", "tag", "trash", "arrow-down-tray",
    "arrow-path", "clipboard", "share", "link", "photo", "film", "document-text", "funnel", "magnifying-glass",
    "exclamation-triangle", "check-circle", "clock", "x-mark", "plus", "chevron-down",
)  # fmt: skip


class Sample(forms.Form):
    name = forms.CharField(label="Name", help_text="As the team knows it.")
    note = forms.CharField(label="Note", required=False, widget=forms.Textarea(attrs={"rows": 2}))
    role = forms.ChoiceField(label="Role", choices=[("member", "member"), ("viewer", "viewer")])
    told = forms.BooleanField(label="Tell them by e-mail", required=False)


@admin.site.admin_view
@require_safe
def components(request: HttpRequest) -> HttpResponse:
    """The page; only for staff, as the admin lets them in."""
    context = {
        "statuses": STATUSES,
        "icons": ICONS,
        "form": Sample(initial={"name": "Summer films"}),
        "wrong": Sample({"name": "", "note": "kept as it was typed"}),
    }
    return render(request, "components.html", context)
