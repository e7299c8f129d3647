"""Addresses of the pages about teams, members and invitations."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
