"""Django's admin, with our gate before it."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class StaffConfig(AdminConfig):
    """`admin.site` is a StaffSite everywhere."""

    default_site = "accounts.staff.StaffSite"
