"""Calls about what a generation's own `webhook_url` was told (design section 6)."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access as accounts_access
from accounts import roles
from accounts.webhooks import deliveries, present, queries, schemas
from accounts.webhooks.api_deliveries import QUERY
from generations import access
from project import bodies, paging
from project.api import ApiView
from project.openapi import documented, named

GENERATION = named("gen", "The generation.")
PATH = {"id": GENERATION, "delivery_id": named("dlv", "The delivery.")}


class GenerationDeliveriesView(ApiView):
    """The log of one generation's own address."""

    permission = roles.SEE
    parameters = paging.PARAMETERS | queries.FILTERS

    @documented(
        id="list_generation_deliveries",
        tag="Webhooks",
        summary="List the deliveries to a generation's webhook_url",
        description="What its own `webhook_url` was told, newest first, for 30 days.",
        answers={200: schemas.DeliveryPage},
        path={"id": GENERATION},
        query=QUERY,
    )
    def get(self, request: Request, public_id: str) -> Response:
        actor = self.actor
        subject = access.generation(actor, public_id).public_id
        query = request.query_params
        rows = queries.deliveries_of(actor, subject, status=query.get("status"), type=query.get("type"))
        page = queries.page_of_deliveries(rows, paging.window_of(request))
        return Response(paging.answer(request, page, [present.delivery(row) for row in page.rows]))


class GenerationDeliveryView(ApiView):
    """One of them."""

    permission = roles.SEE

    @documented(
        id="get_generation_delivery",
        tag="Webhooks",
        summary="Look at a delivery to a generation's webhook_url",
        description="What was sent, every try, and what was answered.",
        answers={200: schemas.WholeDelivery},
        path=PATH,
    )
    def get(self, request: Request, public_id: str, delivery_id: str) -> Response:
        actor = self.actor
        subject = access.generation(actor, public_id).public_id
        return Response(present.whole_delivery(accounts_access.own_delivery(actor, delivery_id, subject)))


class GenerationRedeliverView(ApiView):
    """Send it again."""

    permission = roles.MAKE

    @documented(
        id="redeliver_of_generation",
        tag="Webhooks",
        summary="Send a delivery to a generation's webhook_url again",
        description="Under the same `webhook-id`: at once, then on the schedule.",
        answers={202: schemas.Delivery},
        path=PATH,
    )
    def post(self, request: Request, public_id: str, delivery_id: str) -> Response:
        actor = self.actor
        bodies.none(request)
        subject = access.generation(actor, public_id).public_id
        row = deliveries.redeliver(by=actor, delivery=accounts_access.own_delivery(actor, delivery_id, subject))
        return Response(present.delivery(row), 202)
