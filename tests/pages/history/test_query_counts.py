"""The number of queries is one number for 10 rows and for 10,000, whatever is asked for, and it is a fixed one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from generations import labels, outcomes
from generations.models import Generation
from tests.pages.conftest import delivered
from tests.pages.history.reading import IMAGE, ended_copies, ids, look
from tests.pages.parsing import Page, read
from tests.world import World

Make = Callable[..., Generation]
MOST = (
    14  # of any page: session, person, places, wallet (2), choices (3), rows, outputs, labels (2), place or search (2)
)


@pytest.fixture
def asked(make: Make, world: World) -> dict[str, dict[str, str]]:
    """A filter of each kind, all of which meet something; 10 rows."""
    alice = world.actor(world.alice)
    rows = [delivered(make("seedream-v4-edit", image_urls=[IMAGE], max_images=2), outputs=2) for _ in range(4)]
    rows += [make("flux-kontext-pro", by=world.alice) for _ in range(6)]
    outcomes.cancel(generation_id=rows[-1].pk, actor="test")
    labels.favour(actor=alice, generations=rows[:3])
    labels.tag(actor=alice, generations=rows[2:5], name="Autumn")
    Generation.objects.filter(pk=rows[4].pk).update(membership=None, api_key=world.api_key)
    return {
        "all": {},
        "table": {"view": "table"},
        "status": {"status": "succeeded"},
        "open": {"status": "open"},
        "kind": {"kind": "image"},
        "model": {"model": "flux-kontext-pro"},
        "member": {"member": "bob@example.com"},
        "key": {"key": world.api_key.public_id},
        "days": {"from": "2020-01-01", "to": "2900-01-01"},
        "favourite": {"favourite": "1"},
        "tag": {"tag": "Autumn"},
        "search": {"q": "dog"},
        "two": {"kind": "image", "member": "bob@example.com"},
        "many": {"q": "dog", "kind": "image", "status": "succeeded", "view": "table"},
        "place": {"before": rows[9].public_id},
        "back": {"after": rows[0].public_id},
    }


def test_as_many_queries_for_10_rows_as_for_10_000(
    alice: Client, asked: dict[str, dict[str, str]], count_queries: Callable[[Callable[[], object]], int]
) -> None:
    def count(query: dict[str, str]) -> int:
        def ask() -> None:
            found.append(read(alice.get("/history", query)))

        found: list[Page] = []
        number = count_queries(ask)
        assert 1 <= len(ids(found[0])) <= 12, query
        return number

    def counts() -> dict[str, int]:
        live = look(read(alice.get("/history")))
        found = {name: count(query) for name, query in asked.items()}
        return {**found, "live": count_queries(lambda: read(alice.get(live)))}

    few = counts()
    source = Generation.objects.filter(status="queued").earliest("created_at")
    ended_copies(source, 10_000)
    assert counts() == few
    assert max(few.values()) <= MOST, few
