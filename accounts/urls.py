"""Addresses of the pages about teams and people, by subject."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("accounts.urls_teams")),
    path("", include("accounts.urls_keys")),
    path("", include("accounts.urls_webhooks")),
    path("", include("accounts.urls_audit")),
    path("", include("accounts.urls_settings")),
]
