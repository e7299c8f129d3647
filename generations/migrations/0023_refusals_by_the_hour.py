"""Refused callbacks are counted by the hour; the alert of a queue that stands still is of the books' check too."""

from django.db import migrations, models
from django.db.models.functions import Now

KINDS = [
    ("loss", "A variant loses money"),
    ("gap", "The books and a provider's balance differ"),
    ("balance_low", "A provider's balance runs out"),
    ("error_rate", "A provider fails too often"),
    ("unknown_rate", "Too many outcomes are unknown"),
    ("stuck_holds", "Credit is held past its deadline"),
    ("heartbeat", "A queue or the check of the books stands still"),
    ("ledger", "The books do not hold"),
    ("callbacks", "Callbacks are forged or altered"),
    ("lost_task", "A provider billed what we never charged"),
]


class Migration(migrations.Migration):
    dependencies = [("generations", "0022_what_was_sold")]
    operations = [
        migrations.AlterField("alert", "kind", models.CharField(choices=KINDS, max_length=12)),
        migrations.AlterField(
            "alertrule",
            "kind",
            models.CharField(choices=KINDS, max_length=12, primary_key=True, serialize=False),
        ),
        migrations.AddField("refusedcallback", "hour_at", models.DateTimeField(db_default=Now())),
        migrations.AddField("refusedcallback", "in_hour", models.PositiveIntegerField(default=1)),
        migrations.AddField("refusedcallback", "hour_before", models.PositiveIntegerField(default=0)),
    ]
