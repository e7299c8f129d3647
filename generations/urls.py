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
    views_library,
    views_receipts,
    views_shares,
    views_studio,
    views_studio_more,
)

urlpatterns = [
    path("", views.landing, name="landing"),
    path("prices", views.prices, name="prices"),
    path("studio", views_studio.studio, name="studio"),
    path("studio/uploads", views_studio.upload, name="studio-uploads"),
    path("studio/<str:slug>", views_studio.model, name="model"),
    path("studio/<str:slug>/price", views_studio.price, name="price"),
    path("studio/<str:slug>/expand", views_studio_more.expand, name="expand"),
    path("studio/<str:slug>/expansions/<str:public_id>", views_studio_more.expansion, name="expansion"),
    path("history", views_history.history, name="history"),
    path("history/live", views_history.live, name="history-live"),
    path("history/selected", views_library.selected, name="history-selected"),
    path("history/selected/delete", views_library.delete, name="history-delete"),
    path("history/tags", views_library.team_tags, name="history-tags"),
    path("history/tags/delete", views_library.delete_tag, name="history-tag-delete"),
    path("generations/<str:public_id>/favourite", views_library.favourite, name="generation-favourite"),
    path("generations/<str:public_id>/tags", views_library.tags, name="generation-tags"),
    path("generations/<str:public_id>", views_generation.generation, name="generation"),
    path("generations/<str:public_id>/live", views_generation.live, name="generation-live"),
    path("generations/<str:public_id>/cancel", views_generation.cancel, name="generation-cancel"),
    path("generations/<str:public_id>/again", views_generation.make_again, name="generation-again"),
    path("generations/<str:public_id>/webhook", views_generation.webhook, name="generation-webhook"),
    path("generations/<str:public_id>/shares", views_shares.make, name="shares"),
    path("generations/<str:public_id>/shares/<str:share_id>/revoke", views_shares.revoke, name="share-revoke"),
    path("s/<str:token>", views_shares.shared, name="shared"),
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
