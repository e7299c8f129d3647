import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_money_in_acts"),
        ("billing", "0008_payment_guards"),
    ]

    operations = [
        migrations.AddField(
            model_name="autorecharge",
            name="not_before",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="payment",
            name="save_card",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AlterField(
            model_name="balancewatch",
            name="low_balance",
            field=models.BigIntegerField(null=True),
        ),
        migrations.CreateModel(
            name="CardRemoval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("payment_method", models.CharField(max_length=80, unique=True)),
                (
                    "next_action_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), null=True),
                ),
                ("rung_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.team"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_action_at__isnull", False)),
                        fields=["next_action_at"],
                        name="card_removal_due",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at", None), ("next_action_at__isnull", False)),
                            models.Q(("ended_at__isnull", False), ("next_action_at", None)),
                            _connector="OR",
                        ),
                        name="card_removal_due_until_ended",
                    )
                ],
            },
        ),
    ]
