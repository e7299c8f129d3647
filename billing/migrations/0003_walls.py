"""A budget's member or key is of the budget's team; a hold counts against budgets of its own team; a team with an open
hold is not closed (invariants.md T1)."""

from django.db import migrations

SQL = """
alter table billing_budget add constraint budget_of_a_member_of_team
  foreign key (membership_id, team_id) references accounts_membership(id, team_id) deferrable initially deferred;
alter table billing_budget add constraint budget_of_a_key_of_team
  foreign key (api_key_id, team_id) references accounts_apikey(id, team_id) deferrable initially deferred;

create function billing_budget_hold_guard() returns trigger language plpgsql as $$
begin
  if not exists (select 1 from billing_hold h, billing_budgetusage u, billing_budget b
      where h.id = new.hold_id and u.id = new.usage_id and b.id = u.budget_id and b.team_id = h.team_id) then
    raise exception 'budget of another team' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger budget_hold_guard before insert or update on billing_budgethold
  for each row execute function billing_budget_hold_guard();

-- FOR SHARE: closing waits for what is being accepted, and what comes later sees it.
create function billing_hold_of_active_team() returns trigger language plpgsql as $$
declare standing text;
begin
  select status into standing from accounts_team where id = new.team_id for share;
  if standing <> 'active' then
    raise exception 'holds open for active teams only' using errcode = '23514', constraint = 'hold_of_active_team';
  end if;
  return new;
end $$;
create trigger hold_of_active_team before insert on billing_hold
  for each row execute function billing_hold_of_active_team();

create function billing_team_closes() returns trigger language plpgsql as $$
begin
  if exists (select 1 from billing_hold where team_id = new.id and state = 'open') then
    raise exception 'a team with open holds is not closed' using errcode = '23514';
  end if;
  return null;
end $$;
create constraint trigger team_closes_without_holds after update on accounts_team
  deferrable initially deferred for each row when (new.status = 'closed' and old.status <> 'closed')
  execute function billing_team_closes();
"""

UNDO = """
drop trigger team_closes_without_holds on accounts_team; drop trigger hold_of_active_team on billing_hold; drop trigger budget_hold_guard on billing_budgethold;
drop function billing_team_closes, billing_hold_of_active_team, billing_budget_hold_guard;
alter table billing_budget drop constraint budget_of_a_key_of_team;
alter table billing_budget drop constraint budget_of_a_member_of_team;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_guards"), ("accounts", "0004_guards")]
    operations = [migrations.RunSQL(SQL, UNDO)]
