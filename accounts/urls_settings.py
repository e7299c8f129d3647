"""Addresses of the pages about a person's own settings. They stand before allauth's, so the two of its pages that are
closed here (addresses, sessions) lead to ours."""

from __future__ import annotations

from django.urls import path
from django.views.generic import RedirectView

from accounts import views_settings as views

urlpatterns = [
    path("settings", RedirectView.as_view(pattern_name="settings_profile")),
    path("settings/profile", views.profile, name="settings_profile"),
    path("settings/address", views.address, name="settings_address"),
    path("settings/address/cancel", views.cancel_address, name="settings_address_cancel"),
    path("settings/sessions", views.session_list, name="settings_sessions"),
    path("settings/sessions/end-others", views.end_other_sessions, name="settings_sessions_end_others"),
    path("settings/sessions/<int:session_id>/end", views.end_session, name="settings_session_end"),
    path("address-changes/<str:token>", views.address_change, name="address_change"),
    path("accounts/email/", RedirectView.as_view(pattern_name="settings_address")),
    path("accounts/sessions/", RedirectView.as_view(pattern_name="settings_sessions")),
]
