"""A text is an output too: it goes when its generation's outputs are deleted. All else of an ended generation stays."""

from django.db import migrations

STAYS = """
      and (new.output_count, new.charged, new.reason, new.finished_at, new.receipt, new.text)
          is distinct from (old.output_count, old.charged, old.reason, old.finished_at, old.receipt, old.text) then"""
STAYS_OR_GOES = """
      and ((new.output_count, new.charged, new.reason, new.finished_at, new.receipt)
          is distinct from (old.output_count, old.charged, old.reason, old.finished_at, old.receipt)
        or (new.text <> old.text and not (new.text = '' and
            exists (select from generations_removal where generation_id = new.id)))) then"""
TEXT = """if g.kind = 'text' and g.text = '' then raise exception"""
TEXT_OR_REMOVAL = """if g.kind = 'text' and g.text = ''
        and not exists (select from generations_removal where generation_id = g.id) then raise exception"""


def _change(function: str, old: str, new: str) -> str:
    """Rewrites one passage of a function as it stands; fails when it does not stand there."""
    return f"""
do $do$ declare body text := pg_get_functiondef('{function}()'::regprocedure);
begin
  if position($old${old}$old$ in body) = 0 then raise exception '{function} is another'; end if;
  execute replace(body, $old${old}$old$, $new${new}$new$);
end $do$;
"""


SQL = _change("generations_generation_guard", STAYS, STAYS_OR_GOES) + _change(
    "generations_money", TEXT, TEXT_OR_REMOVAL
)
UNDO = _change("generations_generation_guard", STAYS_OR_GOES, STAYS) + _change(
    "generations_money", TEXT_OR_REMOVAL, TEXT
)


class Migration(migrations.Migration):
    dependencies = [("generations", "0010_library_guards"), ("accounts", "0013_events_that_tell_no_more")]
    operations = [migrations.RunSQL(SQL, UNDO)]
