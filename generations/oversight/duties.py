"""The usual bundles of the staff's acts (models/staff.py): settings.DUTIES names them for `accounts.duties`."""

from __future__ import annotations

from accounts.duties import Bundle

BUNDLES = (
    Bundle(
        "watch",
        "Watch",
        "Look at every desk and be mailed alerts; change nothing.",
        ("see_costs", "see_prices", "see_operations", "see_teams", "see_alerts", "receive_alerts"),
    ),
    Bundle(
        "finance",
        "Finance",
        "Costs, reconciliation, credit and refunds.",
        (
            *("see_costs", "export_costs", "reconcile_costs", "import_usage", "see_teams"),
            *("grant_credit", "adjust_credit", "approve_adjustments", "refund_payments"),
        ),
    ),
    Bundle("prices", "Prices", "Price versions and discounts.", ("see_costs", "see_prices", "publish_prices")),
    Bundle(
        "operations",
        "Operations",
        "Open generations, callbacks, providers, books and alerts.",
        (
            *("see_operations", "resolve_unknown", "replay_callbacks", "pause_providers", "check_books"),
            *("see_alerts", "acknowledge_alerts", "set_alerts", "receive_alerts"),
        ),
    ),
    Bundle(
        "support",
        "Support",
        "Help teams: see what they see, and hold them back.",
        ("see_teams", "view_as_team", "grant_credit", "freeze_wallets", "restrict_teams", "suspend_teams"),
    ),
)
