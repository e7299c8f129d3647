"""Addresses of the desk of reconciliation, under /admin/."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
