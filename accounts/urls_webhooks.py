"""Addresses of the pages about webhooks."""

from __future__ import annotations

from django.urls import path

from accounts import views_deliveries, views_webhooks

_ONE = "webhooks/<str:public_id>"
_DELIVERY = f"{_ONE}/deliveries/<str:delivery_id>"

urlpatterns = [
    path("webhooks", views_webhooks.endpoints_of_team, name="webhooks"),
    path("webhooks/new", views_webhooks.new_endpoint, name="webhook_new"),
    path("webhooks/secret/rotate", views_webhooks.rotate_of_team, name="webhook_secret_rotate"),
    path(_ONE, views_webhooks.one_endpoint, name="webhook"),
    path(f"{_ONE}/live", views_deliveries.live, name="webhook_live"),
    path(f"{_ONE}/enable", views_webhooks.enable, name="webhook_enable"),
    path(f"{_ONE}/disable", views_webhooks.disable, name="webhook_disable"),
    path(f"{_ONE}/rotate", views_webhooks.rotate, name="webhook_rotate"),
    path(f"{_ONE}/delete", views_webhooks.delete, name="webhook_delete"),
    path(f"{_ONE}/test", views_deliveries.test, name="webhook_test"),
    path(_DELIVERY, views_deliveries.one_delivery, name="webhook_delivery"),
    path(f"{_DELIVERY}/live", views_deliveries.delivery_live, name="webhook_delivery_live"),
    path(f"{_DELIVERY}/redeliver", views_deliveries.redeliver, name="webhook_redeliver"),
]
