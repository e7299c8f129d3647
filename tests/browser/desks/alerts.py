"""Pages of the desk of alerts."""

from __future__ import annotations

from tests.browser.place import Place

PLACES: list[Place] = []
