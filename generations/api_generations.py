"""Calls of a generation: make, list, look at, cancel (design section 6).

Order of POST: key, fields, idempotency, money. 401, 422 and 429 are not remembered, 402 is.
"""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.mediatypes import media_type_matches

from accounts import roles
from generations import (
    access,
    intake,
    outcomes,
    present,
    queries,
    receipt_pdf,
    receipts,
    removals,
    request_schemas,
    requests,
    schemas,
)
from generations.api_making import accepted, idempotency_of, waited
from project import paging
from project.api import ApiView
from project.openapi import File, documented, named
from project.schemas import NoFields

ID = {"id": named("gen", "The generation.")}


class GenerationsView(ApiView):
    """POST makes one, GET lists the team's."""

    permission = {"GET": roles.SEE, "POST": roles.MAKE}  # noqa: RUF012 - read only
    parameters = paging.PARAMETERS | queries.FILTERS

    @documented(
        id="list_generations",
        tag="Generations",
        summary="List generations",
        description="The team's, newest first, those that pass every filter.",
        answers={200: schemas.GenerationPage},
        query=schemas.GENERATION_FILTERS,
    )
    def get(self, request: Request) -> Response:
        rows = queries.listed(self.actor, request.query_params)
        page = queries.page_of_generations(rows, paging.window_of(request))
        return Response(paging.answer(request, page, [present.generation(row) for row in page.rows]))

    @documented(
        id="create_generation",
        tag="Generations",
        summary="Make a video, an image or a text",
        description="Holds the most it may cost, starts it and answers at once; with `Prefer: wait=60`, when it has"
        " ended. What was held and not charged goes back at the end; a failure charges nothing.",
        request=request_schemas.GenerationRequest,
        answers={201: schemas.Generation},
        errors={
            403: ("team_restricted", "wallet_frozen"),
            402: ("insufficient_credit", "budget_exceeded"),
            409: ("max_price_exceeded", "quote_expired", "model_unavailable", "idempotency_in_progress"),
        },
        headers=("Location",),
        examples=request_schemas.examples,
        idempotent=True,
        waits=True,
    )
    def post(self, request: Request) -> Response:
        actor = self.actor
        wanted = requests.generation(request.data, idempotency=idempotency_of(request))
        generation, answer = intake.accept(actor=actor, request=wanted, render=accepted)
        return waited(request, actor, generation.pk if generation else None, answer)


class GenerationView(ApiView):
    """One generation."""

    permission = roles.SEE

    @documented(
        id="get_generation",
        tag="Generations",
        summary="Look at a generation",
        description="How it stands, its files once it has succeeded, what it cost.",
        answers={200: schemas.Generation},
        path=ID,
    )
    def get(self, request: Request, public_id: str) -> Response:
        return Response(present.generation(access.generation(self.actor, public_id)))


class OutputsView(ApiView):
    """What one made."""

    permission = roles.MAKE

    @documented(
        id="delete_generation_outputs",
        tag="Generations",
        summary="Delete what a generation made",
        description="Its files and its text, for good. The generation, its history, its receipt and what was charged"
        " stay. A key deletes what it made itself; with the scope `manage` besides, whatever the team made. Deleted"
        " again, or where nothing came, it answers the same.",
        answers={204: None},
        errors={403: ("not_yours",), 409: ("not_ended",)},
        path=ID,
    )
    def delete(self, request: Request, public_id: str) -> Response:
        removals.remove(actor=self.actor, generations=[access.generation(self.actor, public_id)])
        return Response(status=204)


class EventsView(ApiView):
    """The history of one, in the order in which it happened."""

    permission = roles.SEE
    parameters = paging.PARAMETERS

    @documented(
        id="list_generation_events",
        tag="Generations",
        summary="Read a generation's history",
        description="Every step in the order in which it happened.",
        answers={200: schemas.GenerationEventPage},
        path=ID,
    )
    def get(self, request: Request, public_id: str) -> Response:
        generation = access.generation(self.actor, public_id)
        page = queries.page_of_events(generation, paging.window_of(request, default=paging.MOST))
        return Response(paging.answer(request, page, [present.event(row) for row in page.rows]))


class ReceiptView(ApiView):
    """What was charged and why: frozen at the end, 409 before it."""

    permission = roles.SEE

    @documented(
        id="get_receipt",
        tag="Generations",
        summary="Read a generation's receipt",
        description="What was held, delivered and charged, and of which credit; there is one once it has ended.",
        answers={200: schemas.Receipt},
        errors={409: ("not_ended",)},
        path=ID,
    )
    def get(self, request: Request, public_id: str) -> Response:
        return Response(receipts.whole(receipts.ended(access.generation(self.actor, public_id))))


class ReceiptPdfView(ApiView):
    """The same as a PDF, an address of its own: an Accept header changes nothing in this API."""

    permission = roles.SEE

    @documented(
        id="get_receipt_pdf",
        tag="Generations",
        summary="Read a generation's receipt as a PDF",
        answers={200: File("application/pdf")},
        errors={409: ("not_ended",)},
        path=ID,
    )
    def get(self, request: Request, public_id: str) -> HttpResponse:
        return receipt_pdf.answer(receipts.ended(access.generation(self.actor, public_id)))


class CancelView(ApiView):
    """Cancels one that is still queued; what it held is released. It needs no body: fields of one are refused,
    anything that is no JSON is not read."""

    permission = roles.MAKE

    @documented(
        id="cancel_generation",
        tag="Generations",
        summary="Cancel a generation",
        description="Only while it is queued: all that it held goes back. Canceled again, it answers the same.",
        request=NoFields,
        body_required=False,
        answers={200: schemas.Generation},
        errors={409: ("not_cancelable",)},
        path=ID,
    )
    def post(self, request: Request, public_id: str) -> Response:
        actor = self.actor
        generation = access.generation(actor, public_id)
        if media_type_matches("application/json", request.content_type):
            requests.nothing(request.data)
        outcomes.cancel(generation_id=generation.pk, actor=actor.name)
        return Response(present.generation(access.generation(actor, public_id)))
