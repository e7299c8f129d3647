"""Real receivers on loopback, which the guard lets through for these tests alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.accounts.webhooks.receiver import Receiver


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    """Answers 204 until it is told otherwise."""
    with Receiver() as found:
        settings.OUTBOUND_ALLOW_HOSTS = [*settings.OUTBOUND_ALLOW_HOSTS, found.place]
        yield found


@pytest.fixture
def second(settings: Any) -> Iterator[Receiver]:
    with Receiver() as found:
        settings.OUTBOUND_ALLOW_HOSTS = [*settings.OUTBOUND_ALLOW_HOSTS, found.place]
        yield found
