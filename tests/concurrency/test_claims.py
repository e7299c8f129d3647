"""invariants.md G6, design.md 4.3: a claim is won once, and all workers share one limiter."""

from __future__ import annotations

from typing import Any

from generations import claims
from generations.models import Attempt, Generation, ProviderSlot
from tests.concurrency.racing import race, split
from tests.invariants.steps import accept
from tests.world import World

DATA = {"prompt": "mine"}


def test_G6_ten_workers_one_generation(committed_world: World) -> None:
    row = accept(committed_world.actor(), "flux-kontext-pro", DATA)
    taken, raised = split(race([lambda: claims.claim(provider="kie")] * 10))
    assert raised == []
    won = [claimed for claimed in taken if claimed]
    assert [claimed.generation_id for claimed in won] == [row.pk]
    assert Attempt.objects.filter(generation=row).count() == 1
    assert ProviderSlot.objects.filter(lane="create").count() == 1


def test_ten_workers_many_generations(committed_world: World) -> None:
    """Each is claimed by one, and none is left while there is room."""
    rows = {accept(committed_world.actor(), "flux-kontext-pro", DATA).pk for _ in range(10)}
    taken, raised = split(race([lambda: claims.claim(provider="kie")] * 10))
    assert raised == []
    assert {claimed.generation_id for claimed in taken if claimed} == rows
    assert Generation.objects.filter(status="submitting").count() == 10


def test_the_limiter_is_one_for_all_workers(committed_world: World, settings: Any) -> None:
    settings.PROVIDER_LIMITS = {
        "kie": {"creates": 5, "window_ms": 60_000, "reads": 8, "in_flight": 100, "in_flight_team": 20}
    }
    for _ in range(12):
        accept(committed_world.actor(), "flux-kontext-pro", DATA)
    taken, raised = split(race([lambda: claims.claim(provider="kie")] * 12))
    assert raised == []
    assert len([claimed for claimed in taken if claimed]) == 5
    assert Generation.objects.filter(status="submitting").count() == 5


def test_the_number_in_flight_of_a_team_holds(committed_world: World, settings: Any) -> None:
    settings.PROVIDER_LIMITS = {
        "kie": {"creates": 50, "window_ms": 10_000, "reads": 8, "in_flight": 100, "in_flight_team": 3}
    }
    for _ in range(8):
        accept(committed_world.actor(), "flux-kontext-pro", DATA)
    taken, raised = split(race([lambda: claims.claim(provider="kie")] * 8))
    assert raised == []
    assert len([claimed for claimed in taken if claimed]) == 3
