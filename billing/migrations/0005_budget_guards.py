"""A budget's cap is its limit plus the raises in force, for whoever counts; budgets and what they counted stay on
record; requests and raises keep their word; and none of it points into another team (invariants.md T1)."""

from django.db import migrations

# statement_timestamp() and not clock_timestamp(): the condition of an UPDATE and the trigger that it fires must find
# the same raises in force, or a raise that ends between the two would make an error of a 402.
SQL = """
create function billing_budget_cap(of_budget bigint) returns bigint language sql as $$
  select b."limit" + coalesce((select sum(r.amount) from billing_budgetraise r
      where r.budget_id = b.id and r.until > statement_timestamp()), 0)::bigint
  from billing_budget b where b.id = of_budget and b.ended_at is null
$$;

create or replace function billing_budget_guard() returns trigger language plpgsql as $$
declare cap bigint;
begin
  if tg_op = 'INSERT' then
    if new.used <> 0 or new.held <> 0 then
      raise exception 'budget periods start at zero' using errcode = '23514';
    end if;
    return new;
  end if;
  if (new.id, new.budget_id, new.period_start) is distinct from (old.id, old.budget_id, old.period_start) then
    raise exception 'a period of a budget is fixed' using errcode = '23514';
  end if;
  if new.used + new.held > old.used + old.held then
    perform 1 from billing_budget where id = new.budget_id for share;
    cap := billing_budget_cap(new.budget_id);
    if cap is null then raise exception 'budget ended' using errcode = '23514'; end if;
    if new.used + new.held > cap then raise exception 'budget exceeded' using errcode = '23514'; end if;
  end if;
  return new;
end $$;

create function billing_budget_identity() returns trigger language plpgsql as $$
begin
  if (new.id, new.team_id, new.membership_id, new.api_key_id, new.period)
      is distinct from (old.id, old.team_id, old.membership_id, old.api_key_id, old.period) then
    raise exception 'budget identity is fixed' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger budget_identity before update on billing_budget
  for each row execute function billing_budget_identity();

create function billing_budget_raise_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.uuid, new.team_id, new.budget_id, new.amount, new.granted_by_id, new.created_at)
      is distinct from
     (old.id, old.uuid, old.team_id, old.budget_id, old.amount, old.granted_by_id, old.created_at) then
    raise exception 'a raise is fixed' using errcode = '23514';
  end if;
  if new.until > old.until then raise exception 'an end only comes nearer' using errcode = '23514'; end if;
  return new;
end $$;
create trigger budget_raise_guard before update on billing_budgetraise
  for each row execute function billing_budget_raise_guard();

create function billing_budget_request_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if new.status <> 'open' then raise exception 'requests start open' using errcode = '23514'; end if;
    return new;
  end if;
  if (new.id, new.uuid, new.team_id, new.budget_id, new.asked_by_id, new.amount, new.reason, new.created_at)
      is distinct from
     (old.id, old.uuid, old.team_id, old.budget_id, old.asked_by_id, old.amount, old.reason, old.created_at) then
    raise exception 'what is asked is fixed' using errcode = '23514';
  end if;
  if old.status <> 'open' and new is distinct from old then
    raise exception 'an ended request stays ended' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger budget_request_guard before insert or update on billing_budgetrequest
  for each row execute function billing_budget_request_guard();

create trigger budget_nodel before delete or truncate on billing_budget
  for each statement execute function framehouse_frozen();
create trigger budget_usage_nodel before delete or truncate on billing_budgetusage
  for each statement execute function framehouse_frozen();
create trigger budget_raise_nodel before delete or truncate on billing_budgetraise
  for each statement execute function framehouse_frozen();
create trigger budget_request_nodel before delete or truncate on billing_budgetrequest
  for each statement execute function framehouse_frozen();
create trigger budget_warning_nodel before delete or truncate on billing_budgetwarning
  for each statement execute function framehouse_frozen();

alter table billing_budgetraise add constraint budget_raise_in_team
  foreign key (budget_id, team_id) references billing_budget(id, team_id) deferrable initially deferred;
alter table billing_budgetraise add constraint budget_raise_by_a_member_of_team
  foreign key (granted_by_id, team_id) references accounts_membership(id, team_id) deferrable initially deferred;
alter table billing_budgetrequest add constraint budget_request_in_team
  foreign key (budget_id, team_id) references billing_budget(id, team_id) deferrable initially deferred;
alter table billing_budgetrequest add constraint budget_request_of_its_member
  foreign key (budget_id, asked_by_id) references billing_budget(id, membership_id) deferrable initially deferred;
alter table billing_budgetrequest add constraint budget_request_decided_in_team
  foreign key (decided_by_id, team_id) references accounts_membership(id, team_id) deferrable initially deferred;
alter table billing_budgetrequest add constraint budget_request_raises_its_budget
  foreign key (raised_id, budget_id) references billing_budgetraise(id, budget_id) deferrable initially deferred;
"""

UNDO = """
alter table billing_budgetrequest drop constraint budget_request_raises_its_budget;
alter table billing_budgetrequest drop constraint budget_request_decided_in_team;
alter table billing_budgetrequest drop constraint budget_request_of_its_member;
alter table billing_budgetrequest drop constraint budget_request_in_team;
alter table billing_budgetraise drop constraint budget_raise_by_a_member_of_team;
alter table billing_budgetraise drop constraint budget_raise_in_team;
drop trigger budget_warning_nodel on billing_budgetwarning; drop trigger budget_request_nodel on billing_budgetrequest;
drop trigger budget_raise_nodel on billing_budgetraise; drop trigger budget_usage_nodel on billing_budgetusage;
drop trigger budget_nodel on billing_budget; drop trigger budget_request_guard on billing_budgetrequest;
drop trigger budget_raise_guard on billing_budgetraise; drop trigger budget_identity on billing_budget;
drop function billing_budget_request_guard, billing_budget_raise_guard, billing_budget_identity;
create or replace function billing_budget_guard() returns trigger language plpgsql as $$
declare cap bigint;
begin
  if tg_op = 'INSERT' then
    if new.used <> 0 or new.held <> 0 then
      raise exception 'budget periods start at zero' using errcode = '23514';
    end if;
    return new;
  end if;
  if new.used + new.held > old.used + old.held then
    select "limit" into cap from billing_budget where id = new.budget_id for share;
    if new.used + new.held > cap then raise exception 'budget exceeded' using errcode = '23514'; end if;
  end if;
  return new;
end $$;
drop function billing_budget_cap;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_budgets_raised_asked_and_warned_of")]
    operations = [migrations.RunSQL(SQL, UNDO)]
