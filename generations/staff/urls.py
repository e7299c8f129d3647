"""The desks' addresses, under /admin/."""

from __future__ import annotations

from generations.staff import (
    urls_alerts,
    urls_costs,
    urls_operations,
    urls_prices,
    urls_reconciliation,
    urls_teams,
)

urlpatterns = [
    *urls_costs.urlpatterns,
    *urls_reconciliation.urlpatterns,
    *urls_prices.urlpatterns,
    *urls_operations.urlpatterns,
    *urls_teams.urlpatterns,
    *urls_alerts.urlpatterns,
]
