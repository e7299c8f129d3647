"""What providers cost beside what teams paid, added up by the day in the transaction of the fact; and rows of oversight
that stay as they were written.

The day of a generation's sums is that of its capture in the ledger, so that revenue is the ledger's to the
micro-dollar; without a capture, that of its end. Whatever changes later (a late result, a provider's bill) moves the
sums of that same day.
"""

from django.db import migrations

SUMS = (
    "succeeded, failed, canceled, revenue, expected, actual, cost, at_risk, matched, over, under, unreported,"
    " unattributed"
)
NAMES = SUMS.split(", ")
QUOTED = ", ".join(f'"{name}"' for name in NAMES)


def _upsert(table: str, columns: str, values: str, unique: str) -> str:
    added = ", ".join(f'"{name}" = d."{name}" + excluded."{name}"' for name in NAMES)
    parts = ", ".join(f'p."{name}"' for name in NAMES)
    return f"""
  insert into {table} as d ({columns}, {QUOTED}) values ({values}, {parts})
    on conflict ({unique}) do update set {added};"""  # noqa: S608 - our own names


DIFFERENCE = ", ".join(f'n."{name}" - o."{name}"' for name in NAMES)
SUMMED = ", ".join(f'sum(p."{name}")' for name in NAMES)
TYPES = ", ".join(
    f'"{name}" bigint' if name in ("revenue", "expected", "actual", "cost", "at_risk") else f'"{name}" int'
    for name in NAMES
)

SQL = f"""
set local statement_timeout = 0;  -- the recount reads every generation there is
create type generations_sums as ({TYPES});

-- What one generation adds to the sums: nothing before its end.
create function generations_sums_of(g generations_generation) returns generations_sums language sql immutable as $$
  select case when g.finished_at is null then row(0,0,0,0,0,0,0,0,0,0,0,0,0)::generations_sums else row(
    (g.status = 'succeeded')::int, (g.status = 'failed')::int, (g.status = 'canceled')::int,
    coalesce(g.charged, 0),
    case when g.status = 'succeeded' then g.expected_cost else 0 end,
    coalesce(g.actual_cost, 0),
    coalesce(g.actual_cost, case when g.status = 'succeeded' then g.expected_cost else 0 end),
    case when g.cost_verdict = 'unattributed' then g.expected_cost else 0 end,
    (g.cost_verdict = 'matched')::int, (g.cost_verdict = 'over')::int, (g.cost_verdict = 'under')::int,
    (g.cost_verdict = 'unknown')::int, (g.cost_verdict = 'unattributed')::int)::generations_sums end
$$;

create function generations_cost_day_of(g generations_generation) returns date language sql stable as $$
  select coalesce(
    (select (e.created_at at time zone 'UTC')::date from billing_transfer t
       join billing_entry e on e.transfer_id = t.id and e.account_id = t.debit_id
       where t.hold_id = g.hold_id and t.kind = 'capture'),
    (g.finished_at at time zone 'UTC')::date)
$$;

create function generations_book_costs() returns trigger language plpgsql as $$
declare n generations_sums; o generations_sums; p generations_sums; day_of date;
begin
  n := generations_sums_of(new);
  if tg_op = 'UPDATE' then o := generations_sums_of(old); else o := row(0,0,0,0,0,0,0,0,0,0,0,0,0)::generations_sums; end if;
  if n = o then return null; end if;
  select {DIFFERENCE} into p;
  day_of := generations_cost_day_of(new);
  {
    _upsert(
        "generations_costday",
        "day, team_id, api_key_id, provider, model, variant",
        "day_of, new.team_id, new.api_key_id, new.provider, new.model, new.variant",
        "team_id, day, api_key_id, model, variant",
    )
}
  {
    _upsert(
        "generations_teamday",
        "day, team_id, api_key_id",
        "day_of, new.team_id, new.api_key_id",
        "day, team_id, api_key_id",
    )
}
  {
    _upsert(
        "generations_modelday",
        "day, provider, model, variant, shard",
        "day_of, new.provider, new.model, new.variant, mod(new.team_id, 16)",
        "day, model, variant, shard",
    )
}
  return null;
end $$;
create trigger generation_costs after insert or update of status, charged, expected_cost, actual_cost, cost_verdict
  on generations_generation for each row execute function generations_book_costs();

create function generations_by_generation_only() returns trigger language plpgsql as $$
begin
  if pg_trigger_depth() < 2 and coalesce(current_setting('framehouse.recounting', true), '') <> 'yes' then
    raise exception '% is written by generations only', tg_table_name using errcode = '42501';
  end if;
  return new;
end $$;

-- Everything anew from the generations: for what was there before, and for whoever copies rows past the triggers.
create function generations_recount_costs() returns void language plpgsql as $$
begin
  perform set_config('framehouse.recounting', 'yes', true);
  alter table generations_costday disable trigger cost_day_nodel;
  alter table generations_teamday disable trigger team_day_nodel;
  alter table generations_modelday disable trigger model_day_nodel;
  delete from generations_costday; delete from generations_teamday; delete from generations_modelday;
  alter table generations_costday enable trigger cost_day_nodel;
  alter table generations_teamday enable trigger team_day_nodel;
  alter table generations_modelday enable trigger model_day_nodel;
  insert into generations_costday (day, team_id, api_key_id, provider, model, variant, {QUOTED})
    select generations_cost_day_of(g), g.team_id, g.api_key_id, g.provider, g.model, g.variant, {SUMMED}
    from generations_generation g, lateral (select (generations_sums_of(g)).*) p
    where g.finished_at is not null group by 1, 2, 3, 4, 5, 6;
  insert into generations_teamday (day, team_id, api_key_id, {QUOTED})
    select p.day, p.team_id, p.api_key_id, {SUMMED} from generations_costday p group by 1, 2, 3;
  insert into generations_modelday (day, provider, model, variant, shard, {QUOTED})
    select p.day, p.provider, p.model, p.variant, mod(p.team_id, 16), {SUMMED}
    from generations_costday p group by 1, 2, 3, 4, 5;
  perform set_config('framehouse.recounting', '', true);
end $$;

create trigger cost_day_guard before insert or update on generations_costday
  for each row execute function generations_by_generation_only();
create trigger team_day_guard before insert or update on generations_teamday
  for each row execute function generations_by_generation_only();
create trigger model_day_guard before insert or update on generations_modelday
  for each row execute function generations_by_generation_only();
create trigger cost_day_nodel before delete or truncate on generations_costday
  for each statement execute function framehouse_frozen();
create trigger team_day_nodel before delete or truncate on generations_teamday
  for each statement execute function framehouse_frozen();
create trigger model_day_nodel before delete or truncate on generations_modelday
  for each statement execute function framehouse_frozen();
alter table generations_costday add constraint cost_day_of_a_key_of_team
  foreign key (api_key_id, team_id) references accounts_apikey(id, team_id) deferrable initially deferred;
alter table generations_teamday add constraint team_day_of_a_key_of_team
  foreign key (api_key_id, team_id) references accounts_apikey(id, team_id) deferrable initially deferred;

select generations_recount_costs();

-- What priced a generation is fixed; what it came to is, once it has succeeded.
create function generations_priced_once() returns trigger language plpgsql as $$
begin
  if (new.variant, new.discount_ppm) is distinct from (old.variant, old.discount_ppm)
      or (old.list_amount is not null and new.list_amount is distinct from old.list_amount) then
    raise exception 'what priced a generation is fixed' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger generation_priced_once before update of variant, discount_ppm, list_amount on generations_generation
  for each row execute function generations_priced_once();

-- Rows that stay as they were written.
create trigger team_discount_frozen before update or delete or truncate on generations_teamdiscount
  for each statement execute function framehouse_frozen();
create trigger balance_reading_frozen before update or truncate on generations_balancereading
  for each statement execute function framehouse_frozen();
create trigger provider_top_up_frozen before update or delete or truncate on generations_providertopup
  for each statement execute function framehouse_frozen();
create trigger balance_day_frozen before update or delete or truncate on generations_balanceday
  for each statement execute function framehouse_frozen();
create trigger usage_import_frozen before update or delete or truncate on generations_usageimport
  for each statement execute function framehouse_frozen();
create trigger case_note_frozen before update or delete or truncate on generations_casenote
  for each statement execute function framehouse_frozen();
create trigger case_nodel before delete or truncate on generations_case
  for each statement execute function framehouse_frozen();

create function generations_usage_row_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.usage_import_id, new.provider, new.task_id, new.model, new.amount, new.charged_at)
      is distinct from
     (old.id, old.usage_import_id, old.provider, old.task_id, old.model, old.amount, old.charged_at)
     or (old.generation_id is not null and new.generation_id is distinct from old.generation_id) then
    raise exception 'a row of usage stays as it was told; its generation is found once' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger usage_row_guard before update on generations_usagerow
  for each row execute function generations_usage_row_guard();
create trigger usage_row_nodel before delete or truncate on generations_usagerow
  for each statement execute function framehouse_frozen();

create function generations_pause_guard() returns trigger language plpgsql as $$
begin
  if old.resumed_at is not null or (new.id, new.scope, new.name, new.note, new.reason, new.paused_by, new.paused_at)
      is distinct from (old.id, old.scope, old.name, old.note, old.reason, old.paused_by, old.paused_at) then
    raise exception 'a pause ends once and stays as it was' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger pause_guard before update on generations_pause
  for each row execute function generations_pause_guard();
create trigger pause_nodel before delete or truncate on generations_pause
  for each statement execute function framehouse_frozen();
"""  # noqa: S608 - our own names

UNDO = """
drop trigger pause_nodel on generations_pause; drop trigger pause_guard on generations_pause;
drop function generations_pause_guard();
drop trigger usage_row_nodel on generations_usagerow; drop trigger usage_row_guard on generations_usagerow;
drop function generations_usage_row_guard();
drop trigger case_nodel on generations_case; drop trigger case_note_frozen on generations_casenote;
drop trigger usage_import_frozen on generations_usageimport; drop trigger balance_day_frozen on generations_balanceday;
drop trigger provider_top_up_frozen on generations_providertopup;
drop trigger balance_reading_frozen on generations_balancereading;
drop trigger team_discount_frozen on generations_teamdiscount;
drop trigger generation_priced_once on generations_generation; drop function generations_priced_once();
alter table generations_teamday drop constraint team_day_of_a_key_of_team;
alter table generations_costday drop constraint cost_day_of_a_key_of_team;
drop trigger model_day_nodel on generations_modelday; drop trigger team_day_nodel on generations_teamday;
drop trigger cost_day_nodel on generations_costday; drop trigger model_day_guard on generations_modelday;
drop trigger team_day_guard on generations_teamday; drop trigger cost_day_guard on generations_costday;
drop function generations_recount_costs(), generations_by_generation_only();
drop trigger generation_costs on generations_generation; drop function generations_book_costs();
drop function generations_cost_day_of(generations_generation), generations_sums_of(generations_generation);
drop type generations_sums;
"""


class Migration(migrations.Migration):
    dependencies = [("generations", "0013_variants_of_before"), ("billing", "0014_staff_act_guards")]
    operations = [migrations.RunSQL(SQL, UNDO)]
