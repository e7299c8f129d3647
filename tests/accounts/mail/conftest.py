"""A mail server and browsers for the mail of identity."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from tests.pages.conftest import browser as browser
from tests.project.conftest import mailbox as mailbox


@pytest.fixture(autouse=True)
def _fresh_limits(db: None) -> None:
    """Tries are counted in the cache."""
    cache.clear()
