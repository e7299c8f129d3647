"""Addresses of the desk of alerts, under /admin/."""

from __future__ import annotations

from django.urls import URLPattern, path

from generations.staff import views_alerts

urlpatterns: list[URLPattern] = [
    path("alerts", views_alerts.alerts, name="alerts"),
    path("alerts.csv", views_alerts.alerts_file, name="alerts_csv"),
    path("alerts/<int:number>", views_alerts.alert, name="alert"),
    path("alerts/notices", views_alerts.notices, name="alert_notices"),
    path("alerts/notices.csv", views_alerts.notices_file, name="alert_notices_csv"),
    path("alerts/rules", views_alerts.rules, name="alert_rules"),
    path("alerts/rules.csv", views_alerts.rules_file, name="alert_rules_csv"),
    path("alerts/rules/<str:kind>", views_alerts.rule, name="alert_rule"),
    path("alerts/test", views_alerts.test, name="alert_test"),
]
