"""Who asked, by which key and quote, and what is told of it: all of the generation's own team (invariants.md T1)."""

from django.db import migrations

SQL = """
alter table generations_generation add constraint generation_by_a_member_of_team
  foreign key (membership_id, team_id) references accounts_membership(id, team_id) deferrable initially deferred;
alter table generations_generation add constraint generation_by_a_key_of_team
  foreign key (api_key_id, team_id) references accounts_apikey(id, team_id) deferrable initially deferred;
alter table generations_generation add constraint generation_by_a_quote_of_team
  foreign key (quote_id, team_id) references generations_quote(id, team_id) deferrable initially deferred;
alter table generations_outgoingevent add constraint outgoing_event_of_team
  foreign key (generation_id, team_id) references generations_generation(id, team_id) deferrable initially deferred;
"""

UNDO = """
alter table generations_outgoingevent drop constraint outgoing_event_of_team;
alter table generations_generation drop constraint generation_by_a_quote_of_team;
alter table generations_generation drop constraint generation_by_a_key_of_team;
alter table generations_generation drop constraint generation_by_a_member_of_team;
"""


class Migration(migrations.Migration):
    dependencies = [("generations", "0003_quotes_of_teams"), ("accounts", "0004_guards")]
    operations = [migrations.RunSQL(SQL, UNDO)]
