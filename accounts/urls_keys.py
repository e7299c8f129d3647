"""Addresses of the pages about API keys."""

from __future__ import annotations

from django.urls import path

from accounts import views_keys

urlpatterns = [
    path("team/keys", views_keys.keys_of_team, name="keys"),
    path("team/keys/new", views_keys.new_key, name="key_new"),
    path("team/keys/<str:public_id>", views_keys.one_key, name="key"),
    path("team/keys/<str:public_id>/rotate", views_keys.rotate, name="key_rotate"),
    path("team/keys/<str:public_id>/end-old", views_keys.end_old, name="key_end_old"),
    path("team/keys/<str:public_id>/revoke", views_keys.revoke, name="key_revoke"),
]
