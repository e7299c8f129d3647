"""The guard as it is in production: nothing is allowed through unless a test says so."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _closed_guard(settings: Any) -> None:
    settings.OUTBOUND_ALLOW_HOSTS = ()
    settings.SITE_URL = "https://frame.example.com"
