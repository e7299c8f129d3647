"""A run of the checks says whether it counted all days; those until now did."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0015_adjustments_that_lapse")]
    operations = [
        migrations.AddField(model_name="ledgercheck", name="full", field=models.BooleanField(default=True)),
    ]
