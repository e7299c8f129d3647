"""The staff's desks, a file each."""

from __future__ import annotations

from tests.tenancy.desks import alerts, costs, operations, prices, reconciliation, teams
from tests.tenancy.rules import Rule

DESKS: dict[str, Rule] = {
    **costs.DESK,
    **reconciliation.DESK,
    **prices.DESK,
    **operations.DESK,
    **teams.DESK,
    **alerts.DESK,
}
