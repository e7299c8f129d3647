"""A proposal that nobody decided within a week is withdrawn by nobody."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0014_oversight_acts"),
        ("billing", "0014_staff_act_guards"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="adjustment",
            name="adjustment_decided_by_somebody",
        ),
        migrations.AddConstraint(
            model_name="adjustment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("decided_by", None), ("state", "proposed")),
                    models.Q(
                        ("state__in", ["posted", "refused"]),
                        ("decided_at__isnull", False),
                        ("decided_by__isnull", False),
                    ),
                    models.Q(("decided_at__isnull", False), ("state", "withdrawn")),
                    _connector="OR",
                ),
                name="adjustment_decided_by_somebody",
            ),
        ),
    ]
