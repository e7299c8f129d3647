"""A batch is seen at once: its name, what was accepted and refused, what it holds and cost, in its own order."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.test import Client

from generations import batches, idempotency, outcomes
from generations.batch_items import Item
from generations.batches import Order
from generations.intake import Request
from generations.models import Batch, BatchMode, Generation
from tests.pages.conftest import delivered
from tests.pages.history.reading import ids, look
from tests.pages.parsing import read
from tests.world import World

Make = Callable[..., Generation]


def accepted(world: World, asked: int, stop_at: int | None = None, slug: str = "veo-3.1-fast") -> Batch:
    """A batch of bob's, of which as many are accepted as `stop_at` micro-dollars hold."""
    items = [Item(n, Request(model=slug, input={"prompt": f"number {n}"})) for n in range(asked)]
    order = Order(items=items, mode=BatchMode.FIT, stop_at=stop_at, name="Autumn films")
    batch, _ = batches.accept(
        actor=world.actor(world.bob), order=order, render=lambda row, rows: idempotency.Answer(201, {}, {})
    )
    assert batch is not None
    return batch


def rows_of(batch: Batch) -> list[Generation]:
    return list(Generation.objects.filter(batch=batch).order_by("batch_index"))


def test_its_head_says_what_it_came_to(alice: Client, make: Make, world: World) -> None:
    batch = accepted(world, 5, stop_at=1_000_000)
    make(prompt="another")
    rows = rows_of(batch)
    delivered(rows[0])
    page = read(alice.get(f"/history?batch={batch.public_id}"))
    assert ids(page) == [row.public_id for row in rows]
    head = page.one("section", id="batch-head")
    words = " ".join(head.text.split())
    assert "Autumn films 3 of 5 accepted, 2 refused" in words
    assert "2 queued 1 succeeded" in words
    assert re.search(r"Held now ?120 credits \$0.60", words)
    assert re.search(r"Charged ?60 credits \$0.30", words)
    assert "Why 2 were refused" in words
    assert [e.attrs["value"] for e in page.all("li") if "value" in e.attrs] == ["4", "5"]
    assert page.texts("a", klass="chip") == ["one batch , remove"]


def test_its_head_lives_with_its_rows(alice: Client, world: World) -> None:
    batch = accepted(world, 2)
    rows = rows_of(batch)
    address = look(read(alice.get(f"/history?batch={batch.public_id}&view=table")))
    assert f"batch={batch.public_id}" in address
    assert read(alice.get(address)).words == ""
    outcomes.cancel(generation_id=rows[0].pk, actor="test")
    head = read(alice.get(address)).one("section", id="batch-head")
    assert head.attrs["hx-swap-oob"] == "true"
    assert "1 queued 1 canceled" in " ".join(head.text.split())


def test_its_pages_keep_its_order(alice: Client, world: World) -> None:
    batch = accepted(world, 14, slug="flux-kontext-pro")
    rows = rows_of(batch)
    first = read(alice.get(f"/history?batch={batch.public_id}"))
    second = read(alice.get(first.one("a", rel="next").attrs["href"]))
    assert ids(first) + ids(second) == [row.public_id for row in rows]
    assert ids(read(alice.get(second.one("a", rel="prev").attrs["href"]))) == ids(first)
    narrowed = read(alice.get(f"/history?batch={batch.public_id}&q=13&status=queued"))
    assert ids(narrowed) == [rows[13].public_id]


def test_a_batch_of_others_is_none(browser: Any, world: World) -> None:
    batch = accepted(world, 1)
    page = read(browser(world.mallory).get(f"/history?batch={batch.public_id}"), 422)
    assert "There is no such batch." in page.words
    assert "Autumn films" not in page.html
    assert browser(world.mallory).get(f"/history/live?batch={batch.public_id}").content.strip() == b""
