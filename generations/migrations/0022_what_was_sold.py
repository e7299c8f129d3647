"""What a what-if reads of a generation that succeeded is in one index: a year takes no visit to the rows."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generations", "0021_callbacks_by_task")]
    operations = [
        migrations.RunSQL("set local statement_timeout = 0", migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                fields=["finished_at"],
                include=[
                    "price_version",
                    "variant",
                    "discount_ppm",
                    "list_amount",
                    "team",
                    "charged",
                    "actual_cost",
                    "expected_cost",
                ],
                condition=models.Q(status="succeeded"),
                name="generation_sold",
            ),
        ),
    ]
