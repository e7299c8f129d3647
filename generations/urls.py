"""Addresses of the product's pages, of providers' callbacks and of stored files."""

from __future__ import annotations

from django.urls import path

from generations import (
    callback_views,
    media_views,
    views,
    views_deliveries,
    views_generation,
    views_history,
    views_receipts,
    views_studio,
)

urlpatterns = [
    path("", views.landing, name="landing"),
    path("studio", views_studio.studio, name="studio"),
    path("studio/<str:slug>", views_studio.model, name="model"),
    path("studio/<str:slug>/price", views_studio.price, name="price"),
    path("history", views_history.history, name="history"),
    path("history/live", views_history.live, name="history-live"),
    path("generations/<str:public_id>", views_generation.generation, name="generation"),
    path("generations/<str:public_id>/live", views_generation.live, name="generation-live"),
    path("generations/<str:public_id>/cancel", views_generation.cancel, name="generation-cancel"),
    path("generations/<str:public_id>/receipt", views_receipts.receipt, name="generation-receipt"),
    path("generations/<str:public_id>/receipt.pdf", views_receipts.as_pdf, name="generation-receipt-pdf"),
    path(
        "generations/<str:public_id>/deliveries/<str:delivery_id>",
        views_deliveries.delivery,
        name="generation-delivery",
    ),
    path(
        "generations/<str:public_id>/deliveries/<str:delivery_id>/live",
        views_deliveries.live,
        name="generation-delivery-live",
    ),
    path(
        "generations/<str:public_id>/deliveries/<str:delivery_id>/redeliver",
        views_deliveries.redeliver,
        name="generation-redeliver",
    ),
    path("callbacks/<str:provider>/<str:token>", callback_views.receive),
    path("media/<path:path>", media_views.media),
]
