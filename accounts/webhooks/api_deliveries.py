"""Calls about what an endpoint was told (design section 6)."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import access, roles
from accounts.models import DeliveryStatus, EventType
from accounts.webhooks import deliveries, present, queries, requests, schemas
from project import bodies, paging
from project.api import ApiView
from project.openapi import documented, named

ENDPOINT = named("whe", "The endpoint.")
PATH = {"id": ENDPOINT, "delivery_id": named("dlv", "The delivery.")}
QUERY = {
    "status": {"type": "string", "enum": DeliveryStatus.values, "description": "Only those of this status."},
    "type": {"type": "string", "enum": EventType.values, "description": "Only those of events of this type."},
}


class DeliveriesView(ApiView):
    """The log of an endpoint."""

    permission = roles.MANAGE
    parameters = paging.PARAMETERS | queries.FILTERS

    @documented(
        id="list_deliveries",
        tag="Webhooks",
        summary="List an endpoint's deliveries",
        description="What it was told, newest first, for 30 days.",
        answers={200: schemas.DeliveryPage},
        path={"id": ENDPOINT},
        query=QUERY,
    )
    def get(self, request: Request, public_id: str) -> Response:
        endpoint = access.webhook_endpoint(self.actor, public_id)
        query = request.query_params
        rows = queries.deliveries(endpoint, status=query.get("status"), type=query.get("type"))
        page = queries.page_of_deliveries(rows, paging.window_of(request))
        return Response(paging.answer(request, page, [present.delivery(row) for row in page.rows]))


class DeliveryView(ApiView):
    """One delivery."""

    permission = roles.MANAGE

    @documented(
        id="get_delivery",
        tag="Webhooks",
        summary="Look at a delivery",
        description="What was sent, every try, and what was answered.",
        answers={200: schemas.WholeDelivery},
        path=PATH,
    )
    def get(self, request: Request, public_id: str, delivery_id: str) -> Response:
        actor = self.actor
        endpoint = access.webhook_endpoint(actor, public_id)
        return Response(present.whole_delivery(access.delivery(actor, delivery_id, endpoint)))


class RedeliverView(ApiView):
    """Send it again."""

    permission = roles.MANAGE

    @documented(
        id="redeliver_delivery",
        tag="Webhooks",
        summary="Send a delivery again",
        description="Under the same `webhook-id`, to the endpoint's present address: at once, then on the schedule.",
        answers={202: schemas.Delivery},
        errors={409: ("endpoint_disabled",)},
        path=PATH,
    )
    def post(self, request: Request, public_id: str, delivery_id: str) -> Response:
        actor = self.actor
        bodies.none(request)
        endpoint = access.webhook_endpoint(actor, public_id)
        row = deliveries.redeliver(by=actor, delivery=access.delivery(actor, delivery_id, endpoint))
        return Response(present.delivery(row), 202)


class TestView(ApiView):
    """Try an endpoint."""

    __test__ = False
    permission = roles.MANAGE

    @documented(
        id="test_webhook_endpoint",
        tag="Webhooks",
        summary="Send a test",
        description="Sends `webhook.test`, or an example of another event, marked with `test: true`, to this endpoint"
        " alone and once. At most 10 a minute.",
        request=requests.WebhookTest,
        body_required=False,
        answers={202: schemas.Delivery},
        errors={409: ("endpoint_disabled",)},
        path={"id": ENDPOINT},
        example={"type": "generation.succeeded"},
    )
    def post(self, request: Request, public_id: str) -> Response:
        actor = self.actor
        endpoint = access.webhook_endpoint(actor, public_id)
        row = deliveries.test(by=actor, endpoint=endpoint, type=requests.trial(bodies.optional(request)))
        return Response(present.delivery(row), 202)
