"""Credit is kept by lot, and summed by day, in the transaction of each transfer (invariants.md L10).

The transfer's own trigger does it, so no program can move credit past its lot. What was there before is replayed.
"""

from django.db import migrations

SQL = """
create or replace function billing_transfer_ai() returns trigger language plpgsql as $$
declare d billing_account; c billing_account; h billing_hold; a billing_account; f billing_transfer; at timestamptz;
begin
  perform 1 from billing_account where id in (new.debit_id, new.credit_id) and team_id is not null
    order by id for no key update;
  select * into d from billing_account where id = new.debit_id;
  select * into c from billing_account where id = new.credit_id;
  if d.team_id <> c.team_id then raise exception 'cross-team transfer' using errcode = '23514'; end if;
  if (new.kind, d.kind, c.kind) not in (('topup','stripe','available'), ('grant','grants','available'),
      ('hold','available','held'), ('capture','held','revenue'), ('release','held','available'),
      ('reversal','available','stripe'), ('reversal','writeoff','stripe'), ('reversal','available','grants'),
      ('reversal','frozen','stripe'), ('expiry','available','grants'), ('freeze','available','frozen'),
      ('unfreeze','frozen','available'), ('restore','stripe','available'), ('restore','grants','available')) then
    raise exception 'bad legs % % %', new.kind, d.kind, c.kind using errcode = '23514';
  end if;
  if new.kind = 'reversal' and (new.lot_id is null) <> (d.kind = 'writeoff') then
    raise exception 'a reversal names its lot, a write-off has none' using errcode = '23514';
  end if;
  if d.kind = 'writeoff' and new.payment_id is null then
    raise exception 'a write-off names its payment' using errcode = '23514';
  end if;
  if new.payment_id is not null and not exists (select 1 from billing_payment p where p.id = new.payment_id
      and p.team_id = coalesce(d.team_id, c.team_id, p.team_id)) then
    raise exception 'payment of another team' using errcode = '23514';
  end if;
  if (new.kind in ('unfreeze', 'restore') or d.kind = 'frozen') <> (new.follows_id is not null) then
    raise exception 'a % follows what it ends, and nothing else does', new.kind using errcode = '23514';
  end if;
  if new.follows_id is not null then
    select * into f from billing_transfer where id = new.follows_id;
    if (f.lot_id, f.amount) is distinct from (new.lot_id, new.amount)
        or f.kind <> (case when new.kind = 'restore' then 'reversal' else 'freeze' end)
        or (new.kind = 'restore' and (f.debit_id, f.credit_id) is distinct from (new.credit_id, new.debit_id)) then
      raise exception 'it ends another movement' using errcode = '23514';
    end if;
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
  at := clock_timestamp();  -- after the locks: an account's entries are in the order of their times
  if d.team_id is not null then
    update billing_account set balance = balance - new.amount, version = version + 1 where id = d.id returning * into a;
    insert into billing_entry(account_id, transfer_id, delta, account_version, balance_after, created_at)
      values (d.id, new.id, -new.amount, a.version, a.balance, at);
  else
    insert into billing_entry(account_id, transfer_id, delta, created_at) values (d.id, new.id, -new.amount, at);
  end if;
  if c.team_id is not null then
    update billing_account set balance = balance + new.amount, version = version + 1 where id = c.id returning * into a;
    insert into billing_entry(account_id, transfer_id, delta, account_version, balance_after, created_at)
      values (c.id, new.id, new.amount, a.version, a.balance, at);
  else
    insert into billing_entry(account_id, transfer_id, delta, created_at) values (c.id, new.id, new.amount, at);
  end if;
  perform billing_move_lots(new.id, coalesce(d.team_id, c.team_id), at);
  perform billing_add_up(new.id, coalesce(d.team_id, c.team_id), at);
  return null;
end $$;

-- Which lots a transfer moves. The team's accounts are locked by now: nobody else moves its lots.
create function billing_move_lots(transfer bigint, team bigint, at timestamptz) returns void language plpgsql as $$
declare t billing_transfer; l record; todo bigint; part bigint; source text; moved bigint;
begin
  select * into t from billing_transfer where id = transfer;
  if t.kind in ('topup', 'grant') then
    insert into billing_lot(team_id, kind, transfer_id, amount, unspent, held, spent, frozen, taken, expired,
                            expires_at, created_at)
      values (team, case t.kind when 'topup' then 'purchase' else 'grant' end, t.id, t.amount, t.amount, 0, 0, 0, 0, 0,
              t.expires_at, at);
  elsif t.kind in ('hold', 'capture', 'release') then
    todo := t.amount;
    for l in
      select x.id, x.part from (
        select o.id, o.unspent as part, o.kind, o.expires_at from billing_lot o
          where t.kind = 'hold' and o.team_id = team and o.unspent > 0
        union all
        select o.id, m.part, o.kind, o.expires_at from billing_lot o join (
            select v.lot_id, sum(case when s.kind = 'hold' then v.amount else -v.amount end)::bigint as part
            from billing_transfer s join billing_lotmove v on v.transfer_id = s.id
            where t.kind <> 'hold' and s.hold_id = t.hold_id group by v.lot_id) m on m.lot_id = o.id
          where m.part > 0) x
      order by -- a release gives back in the other order: what was bought comes back first
        case when t.kind = 'release' then x.kind end desc, case when t.kind <> 'release' then x.kind end,
        case when t.kind = 'release' then x.expires_at end desc nulls first,
        case when t.kind <> 'release' then x.expires_at end nulls last,
        case when t.kind = 'release' then -x.id else x.id end
    loop
      part := least(l.part, todo);
      update billing_lot set
        unspent = unspent + case t.kind when 'hold' then -part when 'release' then part else 0 end,
        held = held + case t.kind when 'hold' then part else -part end,
        spent = spent + case t.kind when 'capture' then part else 0 end where id = l.id;
      insert into billing_lotmove(transfer_id, lot_id, amount) values (t.id, l.id, part);
      todo := todo - part;
      exit when todo = 0;
    end loop;
    if todo > 0 then raise exception 'no lot for % of it', todo using errcode = '23514'; end if;
  elsif t.lot_id is not null then
    select kind into source from billing_account where id = t.debit_id;
    update billing_lot set
      unspent = unspent + case when source = 'available' then -t.amount when t.kind in ('unfreeze', 'restore')
                               then t.amount else 0 end,
      frozen = frozen + case when t.kind = 'freeze' then t.amount when source = 'frozen' then -t.amount else 0 end,
      taken = taken + case t.kind when 'reversal' then t.amount when 'restore' then -t.amount else 0 end,
      expired = expired + case t.kind when 'expiry' then t.amount else 0 end
    where id = t.lot_id and team_id = team;
    get diagnostics moved = row_count;
    if moved = 0 then raise exception 'lot of another team' using errcode = '23514'; end if;
    insert into billing_lotmove(transfer_id, lot_id, amount) values (t.id, t.lot_id, t.amount);
  end if;
end $$;

-- The day's sums: of what changes the balance (available and held), and of what was charged to whom and for what.
create function billing_add_up(transfer bigint, team bigint, at timestamptz) returns void language plpgsql as $$
declare t billing_transfer; h billing_hold; today date := (at at time zone 'UTC')::date; inner_legs int;
begin
  select * into t from billing_transfer where id = transfer;
  select count(*) into inner_legs from billing_account
    where id in (t.debit_id, t.credit_id) and kind in ('available', 'held');
  if inner_legs = 1 then
    insert into billing_daytotal as d (team_id, day, kind, amount, count) values (team, today, t.kind, t.amount, 1)
      on conflict (team_id, day, kind) do update set amount = d.amount + excluded.amount, count = d.count + 1;
  end if;
  if t.kind = 'capture' then
    select * into h from billing_hold where id = t.hold_id;
    insert into billing_spendday as d (team_id, day, membership_id, api_key_id, subject, amount, count)
      values (team, today, h.membership_id, h.api_key_id, h.subject, t.amount, 1)
      on conflict (team_id, day, membership_id, api_key_id, subject)
      do update set amount = d.amount + excluded.amount, count = d.count + 1;
  end if;
end $$;

-- What was there before.
alter table billing_entry disable trigger entry_frozen;
update billing_entry e set created_at = t.created_at from billing_transfer t where t.id = e.transfer_id;
alter table billing_entry enable trigger entry_frozen;
do $$
declare t record;
begin
  for t in select x.id, coalesce(d.team_id, c.team_id) as team, x.created_at from billing_transfer x
      join billing_account d on d.id = x.debit_id join billing_account c on c.id = x.credit_id order by x.id loop
    perform billing_move_lots(t.id, t.team, t.created_at);
    perform billing_add_up(t.id, t.team, t.created_at);
  end loop;
end $$;
set constraints all immediate;  -- or the tables of what was made just now cannot be altered below

create function billing_by_transfer_only() returns trigger language plpgsql as $$
begin
  if pg_trigger_depth() < 2 then
    raise exception '% is written by transfers only', tg_table_name using errcode = '42501';
  end if;
  if tg_table_name = 'billing_lot' and tg_op = 'UPDATE' then
    if (new.id, new.team_id, new.kind, new.transfer_id, new.amount, new.expires_at)
        is distinct from (old.id, old.team_id, old.kind, old.transfer_id, old.amount, old.expires_at) then
      raise exception 'lot identity is fixed' using errcode = '42501';
    end if;
  end if;
  return new;
end $$;
create trigger lot_guard before insert or update on billing_lot
  for each row execute function billing_by_transfer_only();
create trigger day_total_guard before insert or update on billing_daytotal
  for each row execute function billing_by_transfer_only();
create trigger spend_day_guard before insert or update on billing_spendday
  for each row execute function billing_by_transfer_only();
create trigger lot_move_guard before insert on billing_lotmove
  for each row execute function billing_by_transfer_only();
create trigger lot_nodel before delete or truncate on billing_lot
  for each statement execute function framehouse_frozen();
create trigger day_total_nodel before delete or truncate on billing_daytotal
  for each statement execute function framehouse_frozen();
create trigger spend_day_nodel before delete or truncate on billing_spendday
  for each statement execute function framehouse_frozen();
create trigger lot_move_frozen before update or delete or truncate on billing_lotmove
  for each statement execute function framehouse_frozen();

create or replace function billing_hold_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if (new.captured, new.released, new.state) is distinct from (0::bigint, 0::bigint, 'open'::varchar) then
      raise exception 'holds start open and whole' using errcode = '23514';
    end if;
    return new;
  end if;
  if (new.id, new.reference, new.team_id, new.amount, new.membership_id, new.api_key_id, new.subject) is distinct from
     (old.id, old.reference, old.team_id, old.amount, old.membership_id, old.api_key_id, old.subject) then
    raise exception 'hold identity is fixed' using errcode = '23514';
  end if;
  if pg_trigger_depth() < 2
      and (new.captured, new.released, new.state) is distinct from (old.captured, old.released, old.state) then
    raise exception 'holds settle only by transfer' using errcode = '42501';
  end if;
  return new;
end $$;
alter table billing_hold add constraint hold_of_a_member_of_team
  foreign key (membership_id, team_id) references accounts_membership(id, team_id) deferrable initially deferred;
alter table billing_hold add constraint hold_of_a_key_of_team
  foreign key (api_key_id, team_id) references accounts_apikey(id, team_id) deferrable initially deferred;
alter table billing_spendday add constraint spend_day_of_a_member_of_team
  foreign key (membership_id, team_id) references accounts_membership(id, team_id) deferrable initially deferred;
alter table billing_spendday add constraint spend_day_of_a_key_of_team
  foreign key (api_key_id, team_id) references accounts_apikey(id, team_id) deferrable initially deferred;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0006_money_in")]
    operations = [migrations.RunSQL(SQL)]  # no way back: the lots would be lost
