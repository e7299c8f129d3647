"""GET /api/v1/docs: the guide, every call, every model; made from the OpenAPI document and the prices in force."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import roles
from accounts.models import EventType
from generations import catalog, page_queries, pricing, request_schemas
from generations.catalog import Entry
from project import openapi_page
from project.openapi_page import Row


@dataclass(frozen=True)
class ModelShown:
    """A model's input, and what it costs."""

    entry: Entry
    fields: tuple[Row, ...]
    rules: tuple[str, ...]
    example: str
    prices: tuple[pricing.Example, ...]


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Open to everybody."""
    cards = {card.entry.slug: card for card in page_queries.cards() if card.available}
    models = [
        ModelShown(entry, *_input(slug), tuple(cards[slug].examples))
        for slug, entry in catalog.ENTRIES.items()
        if slug in cards
    ]
    context = {
        "api": f"{settings.SITE_URL}/api/v1",
        "sections": openapi_page.sections(),
        "shapes": openapi_page.shapes(),
        "models": models,
        "scopes": {
            permission: [scope for scope, allowed in roles.SCOPES.items() if permission in allowed]
            for permission in (roles.SEE, roles.MAKE, roles.BILLING, roles.MANAGE)
        },
        "events": [(kind.value, kind.label) for kind in EventType if kind != EventType.TEST],
        "policies": settings.RATE_LIMITS,
    }
    return render(request, "docs/docs.html", context)


@cache
def _input(slug: str) -> tuple[tuple[Row, ...], tuple[str, ...], str]:
    entry = catalog.get(slug)
    schema = request_schemas.input_schema(entry)
    body = json.dumps(request_schemas.example(entry), indent=2, ensure_ascii=False)
    return tuple(openapi_page.rows_of(schema)), tuple(openapi_page.rules_between(schema)), body
