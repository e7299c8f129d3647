"""The table of the shared cache (Django's database cache)."""

from django.core.management import call_command
from django.db import migrations


def make(apps: object, schema_editor: object) -> None:
    call_command("createcachetable", verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_guards")]
    operations = [migrations.RunPython(make, migrations.RunPython.noop)]
