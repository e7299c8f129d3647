"""The scene of the proofs: inside one transaction, and really committed."""

from __future__ import annotations

import pytest

from tests.concurrency.conftest import _within_one_day  # noqa: F401  (a fixture)
from tests.invariants.scene import Scene, make_scene


@pytest.fixture
def scene(db: None) -> Scene:
    """Rolled back at the end. What fires at COMMIT does not fire here: see committed_scene."""
    return make_scene()


@pytest.fixture
def committed_scene(transactional_db: None) -> Scene:
    """Really committed, so that what fires at COMMIT fires."""
    return make_scene()
