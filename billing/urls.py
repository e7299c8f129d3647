"""Addresses of the pages about money."""

from __future__ import annotations

from django.urls import path

from billing import callback_views, views, views_budgets

urlpatterns = [
    path("callbacks/stripe", callback_views.stripe),
    path("wallet", views.wallet, name="wallet"),
    path("team/budgets", views_budgets.budgets_of_team, name="budgets"),
    path("team/budgets/ask", views_budgets.ask, name="budget_ask"),
    path("team/budgets/requests/<str:public_id>", views_budgets.budget_request, name="budget_request"),
    path("team/budgets/requests/<str:public_id>/grant", views_budgets.grant_request, name="budget_request_grant"),
    path("team/budgets/requests/<str:public_id>/decline", views_budgets.decline_request, name="budget_request_decline"),
    path(
        "team/budgets/requests/<str:public_id>/withdraw", views_budgets.withdraw_request, name="budget_request_withdraw"
    ),
    path("team/budgets/raises/<str:public_id>/end", views_budgets.end_raise, name="budget_raise_end"),
    path("team/budgets/<str:public_id>", views_budgets.budgets_of_holder, name="budget_holder"),
    path("team/budgets/<str:public_id>/<str:period>", views_budgets.set_budget, name="budget_set"),
    path("team/budgets/<str:public_id>/<str:period>/raise", views_budgets.raise_budget, name="budget_raise"),
    path("team/budgets/<str:public_id>/<str:period>/remove", views_budgets.remove_budget, name="budget_remove"),
]
