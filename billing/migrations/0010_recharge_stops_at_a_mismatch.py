from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0008_money_in_acts"),
        ("billing", "0009_recharges"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="autorecharge",
            name="auto_recharge_stopped_for_a_reason",
        ),
        migrations.AlterField(
            model_name="autorecharge",
            name="stopped_reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("declined", "The bank declined the card."),
                    ("authentication_required", "The bank asked for a confirmation."),
                    ("card_unusable", "The saved card can no longer be used."),
                    ("too_often", "It was needed more than three times within ten minutes."),
                    ("disputed", "A payment was disputed."),
                    ("mismatch", "The bank took another amount than we asked for. We are looking into it."),
                ],
                max_length=24,
            ),
        ),
        migrations.AddConstraint(
            model_name="autorecharge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("stopped_at", None), ("stopped_reason", "")),
                    models.Q(
                        ("stopped_at__isnull", False),
                        (
                            "stopped_reason__in",
                            [
                                "declined",
                                "authentication_required",
                                "card_unusable",
                                "too_often",
                                "disputed",
                                "mismatch",
                            ],
                        ),
                    ),
                    _connector="OR",
                ),
                name="auto_recharge_stopped_for_a_reason",
            ),
        ),
    ]
