"""What is not ordinary is added up from one index; and how many teams have how many keys is known to the planner."""

from django.db import migrations, models

STATISTICS = """
create statistics {table}_keys (ndistinct) on team_id, api_key_id from {table};
"""
TABLES = ("generations_costday", "generations_teamday", "generations_teammonth")


class Migration(migrations.Migration):
    dependencies = [("generations", "0019_team_months")]
    operations = [
        migrations.RunSQL("set local statement_timeout = 0", migrations.RunSQL.noop),
        migrations.RemoveIndex(model_name="generation", name="generation_odd_cost"),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                fields=["cost_verdict", "-finished_at", "-id"],
                include=[
                    "status",
                    "charged",
                    "expected_cost",
                    "actual_cost",
                    "provider",
                    "model",
                    "variant",
                    "team",
                    "api_key",
                ],
                condition=models.Q(finished_at__isnull=False)
                & (~models.Q(status="succeeded") | ~models.Q(cost_verdict="matched")),
                name="generation_odd_cost",
            ),
        ),
        migrations.RemoveIndex(model_name="generation", name="generation_ended_at_provider"),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                fields=["provider", "-finished_at"],
                include=["id", "submitted_at", "status", "actual_cost", "expected_cost"],
                name="generation_ended_at_provider",
            ),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                fields=["-finished_at"],
                condition=models.Q(charged=0, actual_cost__gt=0),
                name="generation_never_charged",
            ),
        ),
        migrations.AddIndex(
            model_name="usagerow",
            index=models.Index(fields=["-charged_at"], condition=models.Q(generation=None), name="usage_row_of_none"),
        ),
        migrations.RunSQL(
            "".join(STATISTICS.format(table=table) for table in TABLES),
            "".join(f"drop statistics {table}_keys;" for table in TABLES),
        ),
    ]
