"""Random lives of many generations against a model in Python; every recompute check after every step.

invariants.md section 9, harness 1. No network: the services are called after the HTTP step. Set MONEY_SEED to run one
seed again.
"""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.invariants.money_life import MoneyMachine

STEPS, LIVES = 50, 18


@pytest.mark.timeout(300)
def test_money_and_states_follow_the_model(transactional_db: None, settings: Any) -> None:
    plenty = {"creates": 10**6, "window_ms": 1000, "reads": 10**6, "in_flight": 10**6, "in_flight_team": 10**6}
    settings.PROVIDER_LIMITS = {"kie": plenty, "fal": plenty}
    number = int(os.environ.get("MONEY_SEED") or random.randrange(10**9))
    print(f"MONEY_SEED={number}")  # noqa: T201 - the way to run it again
    MoneyMachine.seen.clear()
    run_state_machine_as_test(seed(number)(MoneyMachine), settings=_how())
    print(sorted(MoneyMachine.seen.items()))  # noqa: T201
    # Lives that reach nothing prove nothing.
    assert {"ok", "succeeded", "failed"} <= set(MoneyMachine.seen)


def _how() -> settings:
    return settings(
        max_examples=LIVES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
