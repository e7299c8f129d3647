"""Addresses of the pages about API keys."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
