"""Whose a task is, is found by it; and callbacks that are not in order among the many that are."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generations", "0020_odd_costs_alone")]
    operations = [
        migrations.RunSQL("set local statement_timeout = 0", migrations.RunSQL.noop),
        migrations.AddIndex(model_name="attempt", index=models.Index(fields=["provider_task_id"], name="attempt_task")),
        migrations.AddIndex(
            model_name="callback", index=models.Index(fields=["provider_task_id"], name="callback_task")
        ),
        migrations.AddIndex(
            model_name="lateresult", index=models.Index(fields=["provider_task_id"], name="late_result_task")
        ),
        migrations.AddIndex(
            model_name="callback",
            index=models.Index(
                fields=["-received_at", "-id"], condition=models.Q(verdict="failed"), name="callback_unconfirmed"
            ),
        ),
        migrations.AddIndex(
            model_name="callback",
            index=models.Index(
                fields=["-received_at", "-id"],
                condition=models.Q(verdict="ignored", note__startswith="late"),
                name="callback_late",
            ),
        ),
        migrations.AddIndex(
            model_name="callback",
            index=models.Index(
                fields=["-received_at", "-id"], condition=models.Q(deliveries__gt=1), name="callback_repeated"
            ),
        ),
    ]
