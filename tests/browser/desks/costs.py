"""Pages of the desk of costs."""

from __future__ import annotations

from tests.browser.place import Place

PLACES: list[Place] = []
