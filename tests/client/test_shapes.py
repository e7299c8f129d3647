"""The client has every field that the released document promises, typed as it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from framehouse import Framehouse, Money, shapes
from framehouse.shapes import Shape
from framehouse.webhooks import Event

from accounts.audit import Staff
from generations.oversight import pauses
from tests.oversight.conftest import staff_of

RELEASED = Path(__file__).parents[2] / "docs" / "openapi.released.json"
SCHEMAS: dict[str, Any] = json.loads(RELEASED.read_text())["components"]["schemas"]
# What the API answers, by the shape that reads it; one shape may read several.
ANSWERS: dict[type[Shape], tuple[str, ...]] = {
    shapes.Model: ("Model",),
    shapes.Quote: ("Quote",),
    shapes.BatchQuoteItem: ("BatchQuoted", "BatchUnquoted"),
    shapes.BatchQuote: ("BatchQuote",),
    shapes.Output: ("Output",),
    shapes.GenerationError: ("Failure",),
    shapes.Generation: ("Generation",),
    shapes.GenerationEvent: ("GenerationEvent",),
    shapes.Receipt: ("Receipt",),
    shapes.BatchItem: ("BatchAccepted", "BatchRefused"),
    shapes.Batch: ("Batch",),
    shapes.Upload: ("Upload",),
    shapes.Wallet: ("Wallet",),
    shapes.Entry: ("Entry",),
    shapes.Key: ("Key",),
    shapes.WebhookEndpoint: ("WebhookEndpointWithSecret",),
    shapes.WebhookSecret: ("NewTeamSecret",),
    shapes.Delivery: ("WholeDelivery",),
    Event: ("WebhookMessage",),
}


def promised(names: tuple[str, ...]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in names:
        yield from SCHEMAS[name]["properties"].items()


def test_every_shape_is_here() -> None:
    assert set(ANSWERS) == set(Shape.__subclasses__())


@pytest.mark.parametrize("shape", ANSWERS, ids=lambda shape: shape.__name__)
def test_a_shape_has_what_the_document_promises_and_no_more(shape: type[Shape]) -> None:
    assert set(get_type_hints(shape)) - {"raw"} == {name for name, _ in promised(ANSWERS[shape])}


@pytest.mark.parametrize("shape", ANSWERS, ids=lambda shape: shape.__name__)
def test_money_and_times_are_typed_and_what_may_be_null_may_be_none(shape: type[Shape]) -> None:
    hints = get_type_hints(shape)
    for name, schema in promised(ANSWERS[shape]):
        choices = schema.get("anyOf", [schema])
        allowed = {hints[name], *get_args(hints[name])}
        if any(choice.get("type") == "null" for choice in choices):
            assert type(None) in allowed, name
        if any(choice.get("format") == "date-time" for choice in choices):
            assert datetime in allowed, name
        if any(choice.get("$ref") == "#/components/schemas/Money" for choice in choices):
            assert Money in allowed, name


def test_a_pause_is_told_by_the_model_and_by_what_waits(client_of_studio: Framehouse) -> None:
    made = client_of_studio.generations.create("veo-3.1-fast", {"prompt": "a lighthouse"})
    assert (made.waits_for, made.outputs_deleted_at) == (None, None)
    assert client_of_studio.models.get("veo-3.1-fast").note == ""
    ann = Staff(staff_of("ann", "pause_providers"))
    pauses.pause(scope="model", name="veo-3.1-fast", note="Back at noon.", reason="outage", by=ann)
    assert client_of_studio.generations.get(made).waits_for == "Back at noon."
    model = client_of_studio.models.get("veo-3.1-fast")
    assert (model.available, model.note) == (False, "Back at noon.")
