"""Addresses of the desk of operations, under /admin/."""

from __future__ import annotations

from django.urls import URLPattern, path

from generations.staff import views_books, views_callbacks, views_operations, views_providers

urlpatterns: list[URLPattern] = [
    path("operations", views_operations.operations, name="operations"),
    path("operations/open", views_operations.open_list, name="operations_open"),
    path("operations/open.csv", views_operations.open_csv, name="operations_open_csv"),
    path("operations/late", views_operations.late_list, name="operations_late"),
    path("operations/late.csv", views_operations.late_csv, name="operations_late_csv"),
    path("operations/generations/<str:public_id>", views_operations.generation, name="operations_generation"),
    path("operations/generations/<str:public_id>/attach", views_operations.attach, name="operations_attach"),
    path("operations/generations/<str:public_id>/release", views_operations.release, name="operations_release"),
    path("operations/callbacks", views_callbacks.callbacks, name="operations_callbacks"),
    path("operations/callbacks.csv", views_callbacks.callbacks_csv, name="operations_callbacks_csv"),
    path("operations/callbacks/<str:callback_id>", views_callbacks.callback, name="operations_callback"),
    path("operations/callbacks/<str:callback_id>/replay", views_callbacks.replay, name="operations_replay"),
    path("operations/providers", views_providers.providers, name="operations_providers"),
    path("operations/providers.csv", views_providers.providers_csv, name="operations_providers_csv"),
    path("operations/pauses", views_providers.pause_list, name="operations_pauses"),
    path("operations/pauses.csv", views_providers.pauses_csv, name="operations_pauses_csv"),
    path("operations/pauses/<int:pause_id>/resume", views_providers.resume, name="operations_resume"),
    path("operations/queue", views_books.queue_page, name="operations_queue"),
    path("operations/queue.csv", views_books.queue_csv, name="operations_queue_csv"),
    path("operations/queue/failures.csv", views_books.failures_csv, name="operations_failures_csv"),
    path("operations/books", views_books.books, name="operations_books"),
    path("operations/books.csv", views_books.books_csv, name="operations_books_csv"),
    path("operations/books/check", views_books.check, name="operations_books_check"),
    path("operations/books/clear", views_books.clear, name="operations_books_clear"),
]
