"""Addresses of the desk of costs, under /admin/."""

from __future__ import annotations

from django.urls import URLPattern, path

from generations.staff import views_cost_generations, views_costs

urlpatterns: list[URLPattern] = [
    path("costs", views_costs.costs, name="costs"),
    path("costs/by/<str:what>.csv", views_costs.costs_by_csv, name="costs_by_csv"),
    path("costs/by/<str:what>", views_costs.costs_by, name="costs_by"),
    path("costs/prices-below-cost.csv", views_costs.listed_csv, name="costs_listed_csv"),
    path("costs/report.pdf", views_costs.report_pdf, name="costs_report"),
    path("costs/generations", views_cost_generations.generations, name="costs_generations"),
    path("costs/generations.csv", views_cost_generations.generations_csv, name="costs_generations_csv"),
    path("costs/generations/<str:public_id>", views_cost_generations.generation, name="costs_generation"),
]
