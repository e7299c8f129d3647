"""Labels, removals and shares stay inside their team; removals and shares only go onwards; prompts can be searched.

The search column is no field of the model: nothing but the history's filter reads it, and rows stay light.
`simple` and not a language: teams write in many. btree_gin puts the team in front of the words. Under a locale of
plain C PostgreSQL's parser takes every sign beyond ASCII for a letter: “fox” would be found by no search for fox. So the
signs that people and their phones write become blanks, curved apostrophes straight ones; `history_search.SIGNS` does the
same to what is searched for.
"""

from django.db import migrations

SQL = r"""
alter table generations_favourite add constraint favourite_of_a_member_of_team
  foreign key (membership_id, team_id) references accounts_membership(id, team_id) deferrable initially deferred;
alter table generations_favourite add constraint favourite_of_team
  foreign key (generation_id, team_id) references generations_generation(id, team_id) deferrable initially deferred;
alter table generations_tagging add constraint tagging_by_a_tag_of_team
  foreign key (tag_id, team_id) references generations_tag(id, team_id) deferrable initially deferred;
alter table generations_tagging add constraint tagging_of_team
  foreign key (generation_id, team_id) references generations_generation(id, team_id) deferrable initially deferred;
alter table generations_removal add constraint removal_of_team
  foreign key (generation_id, team_id) references generations_generation(id, team_id) deferrable initially deferred;
alter table generations_share add constraint share_of_team
  foreign key (generation_id, team_id) references generations_generation(id, team_id) deferrable initially deferred;
alter table generations_studiosettings add constraint studio_settings_of_a_member_of_team
  foreign key (membership_id, team_id) references accounts_membership(id, team_id) deferrable initially deferred;

create function removal_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if not exists (select from generations_generation where id = new.generation_id
                   and status in ('succeeded', 'failed', 'canceled')) then
      raise exception 'outputs of a generation that has not ended' using errcode = '23514';
    end if;
    return new;
  end if;
  if (new.generation_id, new.team_id, new.removed_by, new.removed_at)
      is distinct from (old.generation_id, old.team_id, old.removed_by, old.removed_at)
      or old.files_gone_at is not null then
    raise exception 'a removal is never taken back' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger removal_guard before insert or update on generations_removal
  for each row execute function removal_guard();

create function share_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.team_id, new.generation_id, new.shows_inputs, new.created_by, new.created_at, new.expires_at)
      is distinct from (old.id, old.team_id, old.generation_id, old.shows_inputs, old.created_by, old.created_at,
                        old.expires_at)
      or old.revoked_at is not null then
    raise exception 'a share can only be revoked, once' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger share_guard before update on generations_share for each row execute function share_guard();

create extension if not exists btree_gin;
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
drop trigger share_guard on generations_share; drop function share_guard();
drop trigger removal_guard on generations_removal; drop function removal_guard();
alter table generations_studiosettings drop constraint studio_settings_of_a_member_of_team;
alter table generations_share drop constraint share_of_team;
alter table generations_removal drop constraint removal_of_team;
alter table generations_tagging drop constraint tagging_of_team;
alter table generations_tagging drop constraint tagging_by_a_tag_of_team;
alter table generations_favourite drop constraint favourite_of_team;
alter table generations_favourite drop constraint favourite_of_a_member_of_team;
"""


class Migration(migrations.Migration):
    dependencies = [("generations", "0009_library"), ("accounts", "0012_library_acts")]
    operations = [migrations.RunSQL(SQL, UNDO)]
