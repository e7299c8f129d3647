"""The rules that no program can break: invariants.md Appendix A, in our names.

AFTER triggers, not BEFORE: a BEFORE trigger's side effects survive INSERT .. ON CONFLICT DO NOTHING and mint money.
"""

from django.db import migrations

SQL = """
create function billing_transfer_ai() returns trigger language plpgsql as $$
declare d billing_account; c billing_account; h billing_hold; a billing_account;
begin
  perform 1 from billing_account where id in (new.debit_id, new.credit_id) and team_id is not null
    order by id for no key update;
  select * into d from billing_account where id = new.debit_id;
  select * into c from billing_account where id = new.credit_id;
  if d.team_id <> c.team_id then raise exception 'cross-team transfer' using errcode = '23514'; end if;
  if (new.kind, d.kind, c.kind) not in (('topup','stripe','available'), ('grant','grants','available'),
      ('hold','available','held'), ('capture','held','revenue'), ('release','held','available'),
      ('reversal','available','stripe'), ('reversal','writeoff','stripe'), ('reversal','available','grants')) then
    raise exception 'bad legs % % %', new.kind, d.kind, c.kind using errcode = '23514';
  end if;
  if new.hold_id is not null then
    select * into h from billing_hold where id = new.hold_id for no key update;
    if h.id is null then raise exception 'no such hold' using errcode = '23514'; end if;
    if coalesce(d.team_id, c.team_id) <> h.team_id then
      raise exception 'hold of another team' using errcode = '23514';
    end if;
    if new.kind = 'hold' and new.amount <> h.amount then
      raise exception 'hold amount' using errcode = '23514';
    end if;
    if new.kind in ('capture', 'release')
        and not exists (select 1 from billing_transfer where hold_id = h.id and kind = 'hold') then
      raise exception 'not held' using errcode = '23514';
    end if;
    if new.kind = 'capture' then h.captured := h.captured + new.amount;
    elsif new.kind = 'release' then h.released := h.released + new.amount; end if;
    if new.kind <> 'hold' then
      update billing_hold set captured = h.captured, released = h.released,
        state = case when h.captured + h.released < amount then 'open'
                     when h.captured > 0 then 'captured' else 'released' end
      where id = h.id;
    end if;
  end if;
  if d.team_id is not null then
    update billing_account set balance = balance - new.amount, version = version + 1 where id = d.id returning * into a;
    insert into billing_entry(account_id, transfer_id, delta, account_version, balance_after)
      values (d.id, new.id, -new.amount, a.version, a.balance);
  else
    insert into billing_entry(account_id, transfer_id, delta) values (d.id, new.id, -new.amount);
  end if;
  if c.team_id is not null then
    update billing_account set balance = balance + new.amount, version = version + 1 where id = c.id returning * into a;
    insert into billing_entry(account_id, transfer_id, delta, account_version, balance_after)
      values (c.id, new.id, new.amount, a.version, a.balance);
  else
    insert into billing_entry(account_id, transfer_id, delta) values (c.id, new.id, new.amount);
  end if;
  return null;
end $$;
create trigger transfer_ai after insert on billing_transfer for each row execute function billing_transfer_ai();

create function framehouse_frozen() returns trigger language plpgsql as $$
begin raise exception '% is append-only', tg_table_name using errcode = '42501'; end $$;
create trigger transfer_frozen before update or delete or truncate on billing_transfer
  for each statement execute function framehouse_frozen();
create trigger entry_frozen before update or delete or truncate on billing_entry
  for each statement execute function framehouse_frozen();
create trigger account_nodel before delete or truncate on billing_account
  for each statement execute function framehouse_frozen();
create trigger hold_nodel before delete or truncate on billing_hold
  for each statement execute function framehouse_frozen();

create function billing_entry_guard() returns trigger language plpgsql as $$
begin
  if pg_trigger_depth() < 2 then
    raise exception 'entries are written by transfers only' using errcode = '42501';
  end if;
  return new;
end $$;
create trigger entry_guard before insert on billing_entry for each row execute function billing_entry_guard();

create function billing_account_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if new.balance <> 0 or new.version <> 0 then
      raise exception 'accounts start at zero' using errcode = '23514';
    end if;
    return new;
  end if;
  if pg_trigger_depth() < 2 and (new.balance, new.version) is distinct from (old.balance, old.version) then
    raise exception 'balance moves only by transfer' using errcode = '42501';
  end if;
  if (new.id, new.team_id, new.kind) is distinct from (old.id, old.team_id, old.kind) then
    raise exception 'account identity is fixed' using errcode = '42501';
  end if;
  return new;
end $$;
create trigger account_guard before insert or update on billing_account
  for each row execute function billing_account_guard();

create function billing_hold_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if (new.captured, new.released, new.state) is distinct from (0::bigint, 0::bigint, 'open'::varchar) then
      raise exception 'holds start open and whole' using errcode = '23514';
    end if;
    return new;
  end if;
  if (new.id, new.reference, new.team_id, new.amount) is distinct from (old.id, old.reference, old.team_id, old.amount)
  then
    raise exception 'hold identity is fixed' using errcode = '23514';
  end if;
  if pg_trigger_depth() < 2
      and (new.captured, new.released, new.state) is distinct from (old.captured, old.released, old.state) then
    raise exception 'holds settle only by transfer' using errcode = '42501';
  end if;
  return new;
end $$;
create trigger hold_guard before insert or update on billing_hold
  for each row execute function billing_hold_guard();

create function billing_hold_held() returns trigger language plpgsql as $$
begin
  if not exists (select 1 from billing_transfer where hold_id = new.id and kind = 'hold') then
    raise exception 'hold row without hold transfer' using errcode = '23514';
  end if;
  return null;
end $$;
create constraint trigger hold_held after insert on billing_hold
  deferrable initially deferred for each row execute function billing_hold_held();

-- A cap may be lowered below what is already held; nothing new fits then, and what is held may still be used.
create function billing_budget_guard() returns trigger language plpgsql as $$
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
create trigger budget_guard before insert or update on billing_budgetusage
  for each row execute function billing_budget_guard();

insert into billing_account(team_id, kind, balance, version)
  values (null,'stripe',0,0), (null,'grants',0,0), (null,'revenue',0,0), (null,'writeoff',0,0);
"""

UNDO = """
drop trigger budget_guard on billing_budgetusage; drop trigger hold_held on billing_hold;
drop trigger hold_guard on billing_hold; drop trigger account_guard on billing_account;
drop trigger entry_guard on billing_entry; drop trigger hold_nodel on billing_hold;
drop trigger account_nodel on billing_account; drop trigger entry_frozen on billing_entry;
drop trigger transfer_frozen on billing_transfer; drop trigger transfer_ai on billing_transfer;
drop function billing_budget_guard, billing_hold_held, billing_hold_guard, billing_account_guard,
  billing_entry_guard, framehouse_frozen, billing_transfer_ai;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial")]
    operations = [migrations.RunSQL(SQL, UNDO)]
