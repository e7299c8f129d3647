"""Addresses of the desk of costs, under /admin/."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
