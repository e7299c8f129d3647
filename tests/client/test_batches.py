"""Batches and prompt expansion through the client, against the real server."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from framehouse import Framehouse, Invalid, Money, PaymentRequired

from generations.models import Generation

FLUX = "flux-kontext-pro"
GRID = {"models": [FLUX], "prompts": ["a cat", "a dog"], "settings": [{"aspectRatio": "1:1"}, {}]}


def test_a_grid_is_quoted_and_made_at_that_price(client_of_studio: Framehouse) -> None:
    quote = client_of_studio.quotes.batch(grid=GRID)
    assert (quote.count, quote.price, [item.error for item in quote.items]) == (4, Money.of(usd="0.1"), [None] * 4)
    batch = client_of_studio.generations.batch(grid=GRID, quote=quote, name="pets", metadata={"job": "1"})
    assert (batch.name, batch.mode, batch.count, batch.accepted, batch.refused) == ("pets", "all", 4, 4, 0)
    assert batch.price == batch.held == quote.price
    listed = {one.id for one in client_of_studio.generations.list(batch=batch)}
    assert listed == {item.generation.id for item in batch.items if item.generation}
    client_of_studio.generations.cancel(next(iter(listed)))
    again = client_of_studio.generations.get_batch(batch)
    assert again.held.usd == Decimal("0.075")
    assert sorted(item.generation.status for item in again.items if item.generation) == ["canceled"] + 3 * ["queued"]


def test_as_many_as_fit_and_why_the_others_do_not(client_of_studio: Framehouse) -> None:
    asked: list[dict[str, Any]] = [
        {"model": FLUX, "input": {"prompt": "one"}, "max_price": Money.of(credits=5)},
        {"model": FLUX, "input": {"prompt": ""}},
        {"model": FLUX, "input": {"prompt": "three"}},
    ]
    batch = client_of_studio.generations.batch(asked, mode="fit", stop_at="0.04", idempotency_key="mine")
    assert [item.status for item in batch.items] == ["accepted", "refused", "refused"]
    assert [item.error["code"] for item in batch.items if item.error] == ["invalid", "stop_at_reached"]
    assert client_of_studio.generations.batch(asked, mode="fit", stop_at="0.04", idempotency_key="mine") == batch
    assert Generation.objects.count() == 1
    with pytest.raises(Invalid) as refused:
        client_of_studio.generations.batch(asked)
    assert [error.path for error in refused.value.errors] == ["requests.1.input.prompt"]
    with pytest.raises(PaymentRequired):
        client_of_studio.generations.batch(asked[:1], mode="fit", stop_at="0.01")


def test_a_prompt_is_expanded(client_of_studio: Framehouse, worker: None) -> None:
    done = client_of_studio.generations.expand_prompt(
        "a lighthouse", fields={"system_prompt": "Be concise."}, max_price="0.10", metadata={"n": "1"}, wait=30
    )
    assert (done.status, done.input["system_prompt"], done.metadata) == ("succeeded", "Be concise.", {"n": "1"})
    assert done.text
    assert done.charged < done.price
