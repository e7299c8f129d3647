"""Pages of the desk of reconciliation."""

from __future__ import annotations

from tests.browser.place import Place

PLACES: list[Place] = []
