"""The answers of the calls of batches, for the OpenAPI document (see project.schemas)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from generations.models.batches import MOST_ITEMS
from generations.schemas import Generation, Input, PriceLine, Slug
from project.schemas import Answer, ConflictProblem, Money, PaymentProblem, Problem, Time, Url, answer_id

Index = Annotated[int, Field(ge=0, lt=MOST_ITEMS, description="Its place in the batch, from 0.", examples=[0])]
Size = Annotated[int, Field(ge=0, le=MOST_ITEMS, examples=[2])]
Refusal = Annotated[
    Problem | PaymentProblem | ConflictProblem,
    Field(description="Why, as the call for one would tell it; paths are those of the batch's body."),
]


class BatchAccepted(Answer):
    """A request that was accepted, and its generation as it is now."""

    index: Index
    status: Literal["accepted"]
    generation: Generation


class BatchRefused(Answer):
    """A request that was refused."""

    index: Index
    status: Literal["refused"]
    error: Refusal


class BatchUrls(Answer):
    """Where to go from here."""

    self: Url
    generations: Annotated[Url, Field(description="The list of its generations.")]


class Batch(Answer):
    """Many requests that were accepted in one step."""

    id: Annotated[str, answer_id("bat")]
    name: Annotated[str, Field(examples=["Autumn campaign"])]
    mode: Literal["all", "fit"]
    count: Size
    accepted: Size
    refused: Annotated[int, Field(ge=0, le=MOST_ITEMS, examples=[0])]
    price: Annotated[Money, Field(description="Of all that was accepted.")]
    held: Annotated[Money, Field(description="What is set aside for it now.")]
    items: list[BatchAccepted | BatchRefused]
    created_at: Time
    urls: BatchUrls


class BatchQuoted(Answer):
    """The price of one request."""

    index: Index
    model: Slug
    input: Input
    lines: list[PriceLine]
    price: Money
    hold: Money


class BatchUnquoted(Answer):
    """A request that has no price."""

    index: Index
    error: Refusal


class BatchQuote(Answer):
    """Prices that bind for 10 minutes: give the id to POST /generations/batch."""

    id: Annotated[str, answer_id("bqt")]
    items: list[BatchQuoted | BatchUnquoted]
    count: Size
    price: Money
    hold: Annotated[Money, Field(description="The most that may be charged for all of it.")]
    expires_at: Time


_GRID: dict[str, Any] = {
    "models": ["flux-kontext-pro"],
    "prompts": ["A lighthouse in a storm", "A harbor at dawn"],
    "settings": [{"aspectRatio": "16:9"}, {"aspectRatio": "1:1"}],
}
QUOTE_EXAMPLE: dict[str, Any] = {"grid": _GRID}
EXAMPLES: dict[str, Any] = {
    "requests": {
        "requests": [
            {"model": "flux-kontext-pro", "input": {"prompt": "A lighthouse in a storm"}, "metadata": {"shot": "1"}},
            {"model": "veo-3.1-fast", "input": {"prompt": "Waves break over the rocks"}, "max_price": {"usd": "1"}},
        ],
        "name": "Autumn campaign",
    },
    "grid": {"grid": _GRID, "mode": "fit", "stop_at": {"usd": "2"}},
}
