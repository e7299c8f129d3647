"""The REST calls about webhooks by address; project.api_urls mounts them under /api/v1/."""

from __future__ import annotations

from django.urls import path

from accounts.webhooks import api, api_deliveries

_ONE = "webhook-endpoints/<str:public_id>"
_DELIVERY = f"{_ONE}/deliveries/<str:delivery_id>"

urlpatterns = [
    path("webhook-endpoints", api.WebhookEndpointsView.as_view()),
    path(_ONE, api.WebhookEndpointView.as_view()),
    path(f"{_ONE}/rotate", api.RotateView.as_view()),
    path(f"{_ONE}/test", api_deliveries.TestView.as_view()),
    path(f"{_ONE}/deliveries", api_deliveries.DeliveriesView.as_view()),
    path(_DELIVERY, api_deliveries.DeliveryView.as_view()),
    path(f"{_DELIVERY}/redeliver", api_deliveries.RedeliverView.as_view()),
    path("webhook-secret", api.TeamSecretView.as_view()),
    path("webhook-secret/rotate", api.RotateTeamSecretView.as_view()),
]
