"""The REST calls of the product by address; project.api_urls mounts them under /api/v1/ (design section 6)."""

from __future__ import annotations

from django.urls import path

from generations import api_batches, api_deliveries, api_expansions, api_generations, api_models, api_uploads

urlpatterns = [
    path("models", api_models.ModelsView.as_view()),
    path("models/<str:slug>", api_models.ModelView.as_view()),
    path("quotes", api_models.QuotesView.as_view()),
    path("quotes/batch", api_batches.BatchQuotesView.as_view()),
    path("generations/batch", api_batches.BatchesView.as_view()),
    path("generations/batch/<str:public_id>", api_batches.BatchView.as_view()),
    path("generations", api_generations.GenerationsView.as_view()),
    path("generations/<str:public_id>", api_generations.GenerationView.as_view()),
    path("generations/<str:public_id>/outputs", api_generations.OutputsView.as_view()),
    path("generations/<str:public_id>/events", api_generations.EventsView.as_view()),
    path("generations/<str:public_id>/receipt", api_generations.ReceiptView.as_view()),
    path("generations/<str:public_id>/receipt.pdf", api_generations.ReceiptPdfView.as_view()),
    path("generations/<str:public_id>/cancel", api_generations.CancelView.as_view()),
    path("generations/<str:public_id>/deliveries", api_deliveries.GenerationDeliveriesView.as_view()),
    path("generations/<str:public_id>/deliveries/<str:delivery_id>", api_deliveries.GenerationDeliveryView.as_view()),
    path(
        "generations/<str:public_id>/deliveries/<str:delivery_id>/redeliver",
        api_deliveries.GenerationRedeliverView.as_view(),
    ),
    path("prompt-expansions", api_expansions.PromptExpansionsView.as_view()),
    path("uploads", api_uploads.UploadsView.as_view()),
    path("uploads/<str:public_id>", api_uploads.UploadView.as_view()),
]
