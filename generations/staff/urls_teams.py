"""Addresses of the desk of teams, under /admin/."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
