"""The addresses of REST version 1, under /api/v1/ (design section 6)."""

from __future__ import annotations

from django.urls import include, path, re_path

from billing import api as billing_api
from billing import api_statements
from generations import views_docs
from project.api import Nowhere
from project.openapi_views import OpenApiView

urlpatterns = [
    path("", include("generations.api")),
    path("", include("accounts.webhooks.urls_api")),
    path("wallet", billing_api.WalletView.as_view()),
    path("wallet/entries", billing_api.EntriesView.as_view()),
    path("wallet/statement", api_statements.StatementView.as_view()),
    path("wallet/statement.csv", api_statements.StatementCsvView.as_view()),
    path("wallet/balance", api_statements.BalanceView.as_view()),
    path("spend", api_statements.SpendView.as_view()),
    path("key", billing_api.KeyView.as_view()),
    path("openapi.json", OpenApiView.as_view()),
    path("docs", views_docs.docs, name="docs"),
    re_path("", Nowhere.as_view()),  # whatever else: a 404 in our own words
]
