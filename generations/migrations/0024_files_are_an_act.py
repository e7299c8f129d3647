"""Files of any desk are one act: it says so. Django gives a permission its words once, so its row is told."""

from typing import Any

from django.db import migrations


def say(apps: Any, schema_editor: Any) -> None:
    permissions = apps.get_model("auth", "Permission").objects.filter(content_type__app_label="generations")
    permissions.filter(codename="export_costs").update(name="Export what one may see as files")


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("generations", "0023_refusals_by_the_hour"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="staffact",
            options={
                "default_permissions": (),
                "managed": False,
                "permissions": (
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
                    ("set_alerts", "Set the rules of alerts"),
                    ("receive_alerts", "Receive alerts by e-mail"),
                ),
            },
        ),
        migrations.RunPython(say, migrations.RunPython.noop),
    ]
