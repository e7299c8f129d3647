"""What the operator's people may do: a permission an act. No table: only names that Django's permissions hang on."""

from __future__ import annotations

from django.db import models


class StaffAct(models.Model):
    """The acts of the staff's desks; `accounts.duties` bundles them for people."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = (
            ("see_costs", "See revenue, provider cost and margin"),
            ("export_costs", "Export what one may see as files"),
            ("reconcile_costs", "Work on reconciliation cases, record top-ups"),
            ("import_usage", "Import a provider's usage export"),
            ("see_prices", "See price versions and discounts, and try what if"),
            ("publish_prices", "Publish price versions and discounts"),
            ("see_operations", "See open generations, callbacks, providers, queue and books"),
            ("resolve_unknown", "Resolve generations of unknown outcome"),
            ("replay_callbacks", "Replay callbacks"),
            ("pause_providers", "Pause and resume providers and models"),
            ("check_books", "Have the books checked, and clear their alarm"),
            ("see_teams", "Find teams and see their wallets, members and keys"),
            ("view_as_team", "Look at a team's pages as the team sees them"),
            ("grant_credit", "Grant credit"),
            ("adjust_credit", "Propose adjustments, and post those below the limit"),
            ("approve_adjustments", "Post or refuse other people's adjustments"),
            ("freeze_wallets", "Freeze and unfreeze wallets"),
            ("restrict_teams", "Restrict teams and lift restrictions"),
            ("suspend_teams", "Suspend and reinstate teams"),
            ("refund_payments", "Refund payments"),
            ("see_alerts", "See alerts"),
            ("acknowledge_alerts", "Acknowledge alerts"),
            ("set_alerts", "Set the rules of alerts"),
            ("receive_alerts", "Receive alerts by e-mail"),
        )
