"""Which notice of its end a key's team has had, so that each is sent once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_cache")]
    operations = [
        migrations.AddField(
            model_name="apikey",
            name="expiry_notice",
            field=models.SmallIntegerField(db_default=0, default=0),
        ),
        migrations.AddIndex(
            model_name="apikey",
            index=models.Index(condition=models.Q(("revoked_at", None)), fields=["expires_at"], name="api_key_by_end"),
        ),
        migrations.AddConstraint(
            model_name="apikey",
            constraint=models.CheckConstraint(
                condition=models.Q(("expiry_notice__in", [0, 14, 1])), name="api_key_expiry_notice_known"
            ),
        ),
    ]
