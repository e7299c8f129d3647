"""A key's digest becomes its first secret."""

from django.db import migrations

MOVE = """
insert into accounts_apikeysecret(api_key_id, digest, created_at, ends_at, last_used_at)
  select id, digest, created_at, null, last_used_at from accounts_apikey;
set constraints all immediate;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_the_whole_team")]
    operations = [
        migrations.RunSQL(MOVE, migrations.RunSQL.noop),
        migrations.RemoveField(model_name="apikey", name="digest"),
    ]
