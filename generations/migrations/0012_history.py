"""Prompts are searched by their words whatever signs stand around them.

Under a locale of plain C PostgreSQL's parser takes every sign beyond ASCII for a letter: “fox” would be found by no
search for fox. The signs that people and their phones write become blanks, curved apostrophes straight ones.
`history_search.SIGNS` does the same to what is searched for.
"""

from django.db import migrations

SQL = r"""
drop index generation_search;
alter table generations_generation drop column search;
alter table generations_generation add column search tsvector generated always as (
  to_tsvector('simple', translate(coalesce(input ->> 'prompt', ''),
    U&'\2019\2018\02BC\201C\201D\201E\201F\00AB\00BB\2039\203A\201A\2013\2014\2015\2026\2022'
    '\00B7\00BF\00A1\00A0\3000\3001\3002\300C\300D\300E\300F\3010\3011\300A'
    '\300B\30FB\FF0C\FF01\FF1F\FF1A\FF1B\FF08\FF09\060C\061B\061F',
    '''''''' || repeat(' ', 40)))
) stored;
create index generation_search on generations_generation using gin (team_id, search);
"""
UNDO = """
drop index generation_search;
alter table generations_generation drop column search;
alter table generations_generation add column search tsvector
  generated always as (to_tsvector('simple', coalesce(input ->> 'prompt', ''))) stored;
create index generation_search on generations_generation using gin (team_id, search);
"""


class Migration(migrations.Migration):
    dependencies = [("generations", "0011_texts_can_be_deleted")]
    operations = [migrations.RunSQL(SQL, UNDO)]
