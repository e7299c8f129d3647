"""Addresses of the desk of prices, under /admin/."""

from __future__ import annotations

from django.urls import URLPattern, path

from generations.staff import views_discounts, views_prices, views_what_if

urlpatterns: list[URLPattern] = [
    path("prices", views_prices.prices, name="prices_desk"),
    path("prices.csv", views_prices.prices_csv, name="prices_csv"),
    path("prices/models/<str:slug>.csv", views_prices.price_model_csv, name="price_model_csv"),
    path("prices/models/<str:slug>", views_prices.price_model, name="price_model"),
    path("prices/what-if", views_what_if.page, name="what_if"),
    path("prices/what-if.csv", views_what_if.page_csv, name="what_if_csv"),
    path("prices/discounts", views_discounts.listed, name="price_discounts"),
    path("prices/discounts.csv", views_discounts.listed_csv, name="price_discounts_csv"),
    path("prices/discounts/<str:public_id>.csv", views_discounts.of_team_csv, name="price_discounts_of_csv"),
    path("prices/discounts/<str:public_id>", views_discounts.of_team, name="price_discounts_of"),
]
