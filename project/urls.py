"""Every address of the house."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from project import appearance, components_page, health, status_page

urlpatterns = [
    path("", include("generations.urls")),
    path("", include("billing.urls")),
    path("", include("accounts.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("project.api_urls")),
    path("appearance", appearance.choose, name="appearance"),
    path("admin/components", components_page.components, name="components"),
    path("admin/", include("generations.staff.urls")),
    path("admin/", admin.site.urls),
    path("status", status_page.status, name="status"),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("health/queue", health.queue),
]

handler400 = "project.error_views.bad_request"
handler403 = "project.error_views.forbidden"
handler404 = "project.error_views.not_found"
handler429 = "accounts.tries.too_many"  # allauth looks it up here
handler500 = "project.error_views.failed"
