"""The staff's desks, a file each."""

from __future__ import annotations

from tests.browser.desks import alerts, costs, operations, prices, reconciliation, teams
from tests.browser.place import Place

DESKS: list[Place] = [
    *costs.PLACES,
    *reconciliation.PLACES,
    *prices.PLACES,
    *operations.PLACES,
    *teams.PLACES,
    *alerts.PLACES,
]
