"""Random lives of a wallet (issue 4): no lot below zero, refundable at most what was bought and is unspent, the
statement adds up, the books hold. Set WALLET_SEED to run one seed again."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from project import stripe_settings
from tests.invariants.wallet_machine import WalletMachine

STEPS, LIVES = 50, 10


@pytest.mark.timeout(300)
def test_the_wallet_follows_stripe(transactional_db: None, settings: Any) -> None:
    settings.STRIPE = replace(settings.STRIPE, key=f"{stripe_settings.STANDIN}_nobody", api_base="http://127.0.0.1:9")
    number = int(os.environ.get("WALLET_SEED") or random.randrange(10**9))
    print(f"WALLET_SEED={number}")  # noqa: T201 - the way to run it again
    WalletMachine.reached.clear()
    run_state_machine_as_test(seed(number)(WalletMachine), settings=_how())
    print(sorted(WalletMachine.reached.items()))  # noqa: T201
    # Lives that reach nothing prove nothing.
    assert {"captured", "refunded", "disputed", "late", "lives"} <= set(+WalletMachine.reached)


def _how() -> settings:
    return settings(
        max_examples=LIVES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
