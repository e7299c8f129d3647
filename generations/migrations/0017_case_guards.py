"""A case is about what it was opened for, and ends once."""

from django.db import migrations

SQL = """
create function generations_case_guard() returns trigger language plpgsql as $$
begin
  if old.closed_at is not null
      or (new.id, new.uuid, new.provider, new.kind, new.subject, new.amount, new.generation_id, new.opened_at)
        is distinct from
         (old.id, old.uuid, old.provider, old.kind, old.subject, old.amount, old.generation_id, old.opened_at) then
    raise exception 'a case ends once and stays as it was' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger case_guard before update on generations_case
  for each row execute function generations_case_guard();
"""
UNDO = "drop trigger case_guard on generations_case; drop function generations_case_guard();"


class Migration(migrations.Migration):
    dependencies = [("generations", "0016_callbacks_by_time")]
    operations = [migrations.RunSQL(SQL, UNDO)]
