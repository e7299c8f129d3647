"""POST /prompt-expansions (design section 6): a generation of kind `text`, by a call of its own."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import roles
from generations import expansion_requests, expansions, intake, schemas
from generations.api_making import accepted, idempotency_of, waited
from project.api import ApiView
from project.errors import Invalid
from project.openapi import documented

EXAMPLE = {"prompt": "a lighthouse in a storm", "target": "video", "style": "film noir"}


class PromptExpansionsView(ApiView):
    """Makes a better prompt of a short idea."""

    permission = roles.MAKE

    @documented(
        id="expand_prompt",
        tag="Prompts",
        summary="Make a better prompt",
        description="A language model writes one prompt from your idea: a generation of kind `text` like any other,"
        " whose `text` is the prompt. With `Prefer: wait=30` it is in this answer. You pay what the model used.",
        request=expansion_requests.PromptExpansionRequest,
        answers={201: schemas.Generation},
        errors={
            403: ("team_restricted", "wallet_frozen"),
            402: ("insufficient_credit", "budget_exceeded"),
            409: ("max_price_exceeded", "model_unavailable", "idempotency_in_progress"),
        },
        headers=("Location",),
        example=EXAMPLE,
        idempotent=True,
        waits=True,
    )
    def post(self, request: Request) -> Response:
        actor = self.actor
        wanted = expansion_requests.expansion(request.data, idempotency=idempotency_of(request))
        try:
            generation, answer = intake.accept(actor=actor, request=wanted, render=accepted)
        except Invalid as problem:
            problem.errors = tuple(expansions.told(problem.errors))
            raise
        return waited(request, actor, generation.pk if generation else None, answer)
