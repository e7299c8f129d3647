"""Addresses of the pages about the audit log."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
