"""What races of many seconds need of the day."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

LONGEST = 80.0  # seconds that a test takes on a busy machine, and that one may wait for here


@pytest.fixture(autouse=True)
def _within_one_day() -> None:
    """Caps, sums and totals are by the day, UTC: a test that could cross midnight begins after it."""
    now = datetime.now(UTC)
    left = 86_400 - (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
    if left < LONGEST:
        time.sleep(left + 1)
