"""POST /generations/batch, GET /generations/batch/{id}, POST /quotes/batch (design section 6)."""

from __future__ import annotations

from collections.abc import Mapping

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import roles
from generations import (
    access,
    batch_quotes,
    batch_requests,
    batch_schemas,
    batches,
    idempotency,
    present_batches,
)
from generations.api_making import idempotency_of, response
from generations.models import Batch, Generation
from project.api import ApiView
from project.openapi import documented, named


class BatchQuotesView(ApiView):
    """What many requests would cost, kept as prices that bind for 10 minutes."""

    permission = roles.MAKE

    @documented(
        id="create_batch_quote",
        tag="Batches",
        summary="Ask what a batch costs",
        description="One price for many requests; it binds for 10 minutes for the same requests in the same order."
        " A request without a price has its error in place; when none has a price, that is the answer.",
        request=batch_requests.BatchQuoteRequest,
        answers={201: batch_schemas.BatchQuote},
        errors={409: ("model_unavailable",)},
        example=batch_schemas.QUOTE_EXAMPLE,
    )
    def post(self, request: Request) -> Response:
        items = batch_requests.quote(request.data)
        return Response(present_batches.quote(batch_quotes.store(actor=self.actor, items=items)), status=201)


class BatchesView(ApiView):
    """POST makes many generations at once."""

    permission = roles.MAKE

    @documented(
        id="create_batch",
        tag="Batches",
        summary="Make many at once",
        description="Up to 100 requests, or a grid of models, prompts and settings, under one idempotency key and in"
        " one step. With `mode: all` every one is accepted or none: the first refusal is the answer. With `mode: fit`,"
        " in the order of the list, as many as credit, budgets and `stop_at` allow; each that is refused says why, and"
        " when none is accepted that is the answer.",
        request=batch_requests.BatchRequest,
        answers={201: batch_schemas.Batch},
        errors={
            403: ("team_restricted", "wallet_frozen"),
            402: ("insufficient_credit", "budget_exceeded", "stop_at_reached"),
            409: ("max_price_exceeded", "quote_expired", "model_unavailable", "idempotency_in_progress"),
        },
        headers=("Location",),
        examples=batch_schemas.EXAMPLES,
        idempotent=True,
    )
    def post(self, request: Request) -> Response:
        order = batch_requests.batch(request.data, idempotency=idempotency_of(request))
        _, answer = batches.accept(actor=self.actor, order=order, render=_accepted)
        return response(answer)


class BatchView(ApiView):
    """One batch."""

    permission = roles.SEE

    @documented(
        id="get_batch",
        tag="Batches",
        summary="Look at a batch",
        description="Each request of it: its generation as it is now, or why it was refused.",
        answers={200: batch_schemas.Batch},
        path={"id": named("bat", "The batch.")},
    )
    def get(self, request: Request, public_id: str) -> Response:
        actor = self.actor
        batch = access.batch(actor, public_id)
        return Response(present_batches.batch(batch, access.generations_of_batch(actor, batch)))


def _accepted(batch: Batch, generations: Mapping[str, Generation]) -> idempotency.Answer:
    shown = present_batches.batch(batch, generations)
    return idempotency.Answer(201, shown, {"Location": shown["urls"]["self"]})
