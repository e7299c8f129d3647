"""Addresses of the desk of reconciliation, under /admin/."""

from __future__ import annotations

from django.urls import URLPattern, path

from generations.staff import views_cases, views_reconciliation, views_usage

HERE = "reconciliation"

urlpatterns: list[URLPattern] = [
    path(HERE, views_reconciliation.front, name="reconciliation"),
    path(f"{HERE}.csv", views_reconciliation.front_csv, name="reconciliation_csv"),
    path(f"{HERE}/tasks/<slug:which>", views_reconciliation.tasks, name="reconciliation_tasks"),
    path(f"{HERE}/tasks/<slug:which>.csv", views_reconciliation.tasks_csv, name="reconciliation_tasks_csv"),
    path(f"{HERE}/balances", views_reconciliation.money_there, name="reconciliation_balances"),
    path(f"{HERE}/balances/days.csv", views_reconciliation.days_csv, name="reconciliation_days_csv"),
    path(f"{HERE}/balances/top-ups.csv", views_reconciliation.top_ups_csv, name="reconciliation_top_ups_csv"),
    path(f"{HERE}/balances/readings.csv", views_reconciliation.readings_csv, name="reconciliation_readings_csv"),
    path(f"{HERE}/balances/top-up", views_reconciliation.top_up, name="reconciliation_top_up"),
    path(f"{HERE}/imports", views_usage.imports, name="reconciliation_imports"),
    path(f"{HERE}/imports.csv", views_usage.imports_csv, name="reconciliation_imports_csv"),
    path(f"{HERE}/imports/preview", views_usage.preview, name="reconciliation_preview"),
    path(f"{HERE}/imports/take", views_usage.take, name="reconciliation_take"),
    path(f"{HERE}/imports/<int:number>", views_usage.one, name="reconciliation_import"),
    path(f"{HERE}/imports/<int:number>.csv", views_usage.one_csv, name="reconciliation_import_csv"),
    path(f"{HERE}/cases", views_cases.listed, name="reconciliation_cases"),
    path(f"{HERE}/cases.csv", views_cases.listed_csv, name="reconciliation_cases_csv"),
    path(f"{HERE}/cases/<str:public_id>", views_cases.one, name="reconciliation_case"),
    *(
        path(f"{HERE}/cases/<str:public_id>/{verb}", views_cases.act, {"verb": verb}, name=f"reconciliation_{verb}")
        for verb in views_cases.VERBS
    ),
]
