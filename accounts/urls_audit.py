"""Addresses of the pages about the audit log."""

from __future__ import annotations

from django.urls import path

from accounts import views_audit

urlpatterns = [
    path("team/audit", views_audit.log, name="audit"),
    path("team/audit/export", views_audit.export, name="audit-export"),
    path("team/audit.csv", views_audit.download, name="audit-csv"),
]
