"""GET /models, GET /models/{slug}, POST /quotes (design section 6)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access, roles
from generations import catalog, listings, offers, present, pricing, quotes, request_schemas, requests, schemas
from generations.catalog import Entry
from generations.listings import UNLISTED, Standing
from generations.models import PriceVersion
from project import paging
from project.api import ApiView
from project.errors import NotFound
from project.money import to_json
from project.openapi import documented

_Pairs = tuple[tuple[str, int], ...]


class ModelsView(ApiView):
    """Everything on offer, in the order of the catalogue; no key is needed."""

    permission = None
    revalidated = True
    parameters = paging.PARAMETERS

    @documented(
        id="list_models",
        tag="Models",
        summary="List the models",
        description="Everything on offer with its input schema and prices; needs no key.",
        answers={200: schemas.ModelPage},
        etag=True,
    )
    def get(self, request: Request) -> Response:
        window = paging.window_of(request, default=paging.MOST)
        prices = offers.current_prices()
        found = listings.standings()
        shown = [entry for slug, entry in catalog.ENTRIES.items() if slug in prices]
        page = paging.page_of_list(shown, window)
        results = [model(entry, prices[entry.slug], standing=found.get(entry.slug, UNLISTED)) for entry in page.rows]
        return Response(paging.answer(request, page, results))


class ModelView(ApiView):
    """One model."""

    permission = None
    revalidated = True

    @documented(
        id="get_model",
        tag="Models",
        summary="Look at a model",
        description="What it takes and what it costs; needs no key.",
        answers={200: schemas.Model},
        path={"slug": schemas.SLUG},
        etag=True,
    )
    def get(self, request: Request, slug: str) -> Response:
        entry = catalog.ENTRIES.get(slug)
        price = offers.current_prices().get(slug)
        if entry is None or price is None:
            raise NotFound("There is no such model.")
        return Response(model(entry, price, standing=listings.standing(slug)))


class QuotesView(ApiView):
    """What a request would cost, kept as a price that binds for 10 minutes."""

    permission = roles.MAKE

    @documented(
        id="create_quote",
        tag="Quotes",
        summary="Ask what a request would cost",
        description="The price, line by line, and the most that may be charged; it binds for 10 minutes.",
        request=request_schemas.QuoteRequest,
        answers={201: schemas.Quote},
        errors={409: ("model_unavailable",)},
        examples=request_schemas.examples,
    )
    def post(self, request: Request) -> Response:
        body = requests.quote(request.data)
        actor = access.require_model(self.actor, offers.entry_of(body.model).slug)
        team = actor.team
        offer = quotes.price(model=body.model, data=body.input, team=team)
        return Response(present.quote(quotes.store(team=team, offer=offer)), status=201)


def model(entry: Entry, version: PriceVersion, *, standing: Standing) -> dict[str, Any]:
    """A model as the API shows it: what it takes and what it costs a customer, never who makes it or for how much."""
    book = offers.book_of(version)
    fixed = _fixed(entry.slug, _pairs(book.rates), book.margin_ppm, _pairs(book.margins), _pairs(book.fixed))
    return {
        "slug": entry.slug,
        "name": entry.name,
        "kind": entry.kind,
        "available": standing.available,
        "note": standing.note,
        "typical_seconds": entry.typical_seconds,
        **fixed,
    }


def _pairs(values: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(values.items()))


@lru_cache(maxsize=256)
def _fixed(slug: str, rates: _Pairs, margin_ppm: int, margins: _Pairs, fixed: _Pairs) -> Mapping[str, Any]:
    """What follows from the list price alone; the examples take a validation for each price that there is."""
    entry = catalog.get(slug)
    book = pricing.PriceBook(0, dict(rates), margin_ppm, dict(margins), dict(fixed))
    examples = [
        {"label": example.label, "input": dict(example.input), "price": to_json(example.total)}
        for example in pricing.price_examples(entry, book)
    ]
    return {
        "input_schema": entry.json_schema(rates=book.rates),
        "price": {**pricing.price_table(entry, book), "examples": examples},
    }
