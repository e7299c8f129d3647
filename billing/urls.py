"""Addresses of the pages about money."""

from __future__ import annotations

from django.urls import path

from billing import views

urlpatterns = [path("wallet", views.wallet, name="wallet")]
