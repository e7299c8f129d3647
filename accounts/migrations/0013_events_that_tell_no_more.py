"""What an event told may be deleted since: `replaced` is told in its place, written once; all else stays append-only."""

from django.db import migrations, models

SQL = """
create or replace function accounts_outgoing_event_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and old.created_at <= statement_timestamp() - interval '30 days' then
    return old;
  end if;
  if tg_op = 'UPDATE' and old.replaced is null and new.replaced is not null
      and to_jsonb(new) - 'replaced' = to_jsonb(old) - 'replaced' then
    return new;
  end if;
  raise exception 'an event is append-only for 30 days' using errcode = '42501';
end $$;
"""

UNDO = """
create or replace function accounts_outgoing_event_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and old.created_at <= statement_timestamp() - interval '30 days' then
    return old;
  end if;
  raise exception 'an event is append-only for 30 days' using errcode = '42501';
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0012_library_acts")]
    operations = [
        migrations.AddField(model_name="outgoingevent", name="replaced", field=models.JSONField(null=True)),
        migrations.RunSQL(SQL, UNDO),
    ]
