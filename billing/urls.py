"""Addresses of the pages about money."""

from __future__ import annotations

from django.urls import path

from billing import (
    callback_views,
    views,
    views_budgets,
    views_details,
    views_payments,
    views_recharge,
    views_refunds,
    views_spend,
    views_statements,
    views_top_up,
)

urlpatterns = [
    path("callbacks/stripe", callback_views.stripe),
    path("wallet", views.wallet, name="wallet"),
    path("wallet/details", views_details.billing_details, name="billing_details"),
    path("wallet/top-up", views_top_up.top_up, name="top_up"),
    path("wallet/payments", views_payments.payments_of_team, name="payments"),
    path("wallet/payments/<str:public_id>", views_payments.payment, name="payment"),
    path("wallet/payments/<str:public_id>/return", views_top_up.payment_return, name="payment_return"),
    path("wallet/payments/<str:public_id>/pay", views_top_up.payment_pay, name="payment_pay"),
    path("wallet/payments/<str:public_id>/cancel", views_top_up.payment_cancel, name="payment_cancel"),
    path("wallet/payments/<str:public_id>/live", views_payments.payment_live, name="payment_live"),
    path("wallet/payments/<str:public_id>/receipt", views_payments.payment_receipt, name="payment_receipt"),
    path("wallet/payments/<str:public_id>/receipt.pdf", views_payments.payment_receipt_pdf, name="payment_receipt_pdf"),
    path("wallet/statement", views_statements.statement, name="statement"),
    path("wallet/statement.csv", views_statements.statement_csv, name="statement_csv"),
    path("wallet/statement.pdf", views_statements.statement_file, name="statement_pdf"),
    path("wallet/spend", views_spend.spent, name="spend"),
    path("wallet/spend.csv", views_spend.spent_csv, name="spend_csv"),
    path("wallet/payments/<str:public_id>/refund", views_refunds.refund, name="payment_refund"),
    path("wallet/recharge", views_recharge.recharge, name="recharge"),
    path("wallet/recharge/set", views_recharge.set_recharge, name="recharge_set"),
    path("wallet/recharge/off", views_recharge.turn_off_recharge, name="recharge_off"),
    path("wallet/recharge/resume", views_recharge.resume_recharge, name="recharge_resume"),
    path("wallet/recharge/card/remove", views_recharge.remove_card, name="recharge_card_remove"),
    path("wallet/low-balance", views_recharge.set_low_balance, name="low_balance"),
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
