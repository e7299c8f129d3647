"""A payment is credited when its topup is there and not otherwise; restricted teams neither make nor buy; automatic
recharges keep their limits (issue 4; faults.md rows 84 to 86)."""

from django.db import migrations

SQL = """
-- At COMMIT: credited <=> the topup of its amount is there; a bonus is what was promised.
create function billing_payment_money() returns trigger language plpgsql as $$
declare p billing_payment; bought bigint; given bigint;
begin
  if tg_table_name = 'billing_transfer' then
    if new.payment_id is null then return null; end if;
    select * into p from billing_payment where id = new.payment_id;
  else
    select * into p from billing_payment where id = new.id;
  end if;
  select sum(amount) filter (where kind = 'topup'), coalesce(sum(amount) filter (where kind = 'grant'), 0)
    into bought, given from billing_transfer where payment_id = p.id and kind in ('topup', 'grant');
  if (p.status in ('paid', 'refunded', 'disputed')) <> (bought is not null) then
    raise exception 'payment % but credited %', p.status, bought using errcode = '23514';
  end if;
  if bought is not null and (bought <> p.amount or given <> p.bonus) then
    raise exception 'credited % and % for a payment of % and %', bought, given, p.amount, p.bonus
      using errcode = '23514';
  end if;
  return null;
end $$;
create constraint trigger payment_money after insert or update on billing_payment
  deferrable initially deferred for each row execute function billing_payment_money();
create constraint trigger transfer_of_payment after insert on billing_transfer
  deferrable initially deferred for each row when (new.payment_id is not null)
  execute function billing_payment_money();

create function billing_payment_guard() returns trigger language plpgsql as $$
declare r billing_autorecharge; n int; spent bigint; standing text;
begin
  if tg_op = 'UPDATE' then
    if (new.id, new.uuid, new.team_id, new.origin, new.amount, new.bonus, new.currency) is distinct from
       (old.id, old.uuid, old.team_id, old.origin, old.amount, old.bonus, old.currency) then
      raise exception 'payment identity is fixed' using errcode = '23514';
    end if;
    if (old.payment_intent is not null and new.payment_intent is distinct from old.payment_intent)
        or (old.checkout_session is not null and new.checkout_session is distinct from old.checkout_session) then
      raise exception 'a payment keeps its place at Stripe' using errcode = '23514';
    end if;
    if old.status <> new.status and (old.status, new.status) not in (
        ('pending','paid'), ('pending','failed'), ('failed','paid'), ('paid','refunded'), ('paid','disputed'),
        ('refunded','paid'), ('disputed','paid'), ('refunded','disputed'), ('disputed','refunded')) then
      raise exception 'payment % to %', old.status, new.status using errcode = '23514';
    end if;
    return new;
  end if;
  if new.status <> 'pending' then raise exception 'payments start pending' using errcode = '23514'; end if;
  select status into standing from accounts_team where id = new.team_id for share;
  if standing <> 'active' then
    raise exception 'payments start for active teams only'
      using errcode = '23514', constraint = 'payment_of_active_team';
  end if;
  if exists (select 1 from billing_restriction where team_id = new.team_id and lifted_at is null) then
    raise exception 'a restricted team buys nothing'
      using errcode = '23514', constraint = 'payment_of_unrestricted_team';
  end if;
  if new.origin = 'auto' then
    select * into r from billing_autorecharge where team_id = new.team_id for no key update;
    if r.id is null or not r.enabled or r.stopped_at is not null then
      raise exception 'automatic recharge is off' using errcode = '23514', constraint = 'auto_recharge_is_on';
    end if;
    select count(*) into n from billing_payment where team_id = new.team_id and origin = 'auto'
      and created_at > clock_timestamp() - interval '10 minutes';
    if n >= 3 then
      raise exception 'three automatic recharges in ten minutes'
        using errcode = '23514', constraint = 'auto_recharge_three_in_ten_minutes';
    end if;
    select coalesce(sum(amount), 0) into spent from billing_payment where team_id = new.team_id and origin = 'auto'
      and status <> 'failed' and created_at >= date_trunc('month', clock_timestamp(), 'UTC');
    if spent + new.amount > r.monthly_ceiling then
      raise exception 'the month''s ceiling' using errcode = '23514', constraint = 'auto_recharge_ceiling';
    end if;
  end if;
  return new;
end $$;
create trigger payment_guard before insert or update on billing_payment
  for each row execute function billing_payment_guard();
create trigger payment_nodel before delete or truncate on billing_payment
  for each statement execute function framehouse_frozen();

create function billing_refund_guard() returns trigger language plpgsql as $$
declare p billing_payment; back bigint;
begin
  if tg_op = 'UPDATE' then
    if (new.id, new.uuid, new.payment_id, new.team_id, new.amount, new.source, new.actor) is distinct from
       (old.id, old.uuid, old.payment_id, old.team_id, old.amount, old.source, old.actor) then
      raise exception 'refund identity is fixed' using errcode = '23514';
    end if;
    if old.stripe_id is not null and new.stripe_id is distinct from old.stripe_id then
      raise exception 'a refund keeps its id at Stripe' using errcode = '23514';
    end if;
    if old.status <> new.status and (old.status, new.status) not in (
        ('pending','succeeded'), ('pending','failed'), ('succeeded','failed')) then
      raise exception 'refund % to %', old.status, new.status using errcode = '23514';
    end if;
    return new;
  end if;
  select * into p from billing_payment where id = new.payment_id for no key update;
  if p.status not in ('paid', 'refunded', 'disputed') then
    raise exception 'what was not paid is not refunded' using errcode = '23514';
  end if;
  select coalesce(sum(amount), 0) into back from billing_refund
    where payment_id = new.payment_id and status <> 'failed';
  if back + new.amount > p.amount then
    raise exception 'refunds above the payment' using errcode = '23514', constraint = 'refund_within_payment';
  end if;
  return new;
end $$;
create trigger refund_guard before insert or update on billing_refund
  for each row execute function billing_refund_guard();
create trigger refund_nodel before delete or truncate on billing_refund
  for each statement execute function framehouse_frozen();

create function billing_dispute_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.uuid, new.payment_id, new.team_id, new.stripe_id) is distinct from
     (old.id, old.uuid, old.payment_id, old.team_id, old.stripe_id) then
    raise exception 'dispute identity is fixed' using errcode = '23514';
  end if;
  if old.status <> 'open' and (new.status, new.amount) is distinct from (old.status, old.amount) then
    raise exception 'a dispute ends once' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger dispute_guard before update on billing_dispute
  for each row execute function billing_dispute_guard();
create trigger dispute_nodel before delete or truncate on billing_dispute
  for each statement execute function framehouse_frozen();

create function billing_restriction_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.team_id, new.payment_id, new.created_at) is distinct from
     (old.id, old.team_id, old.payment_id, old.created_at) or old.lifted_at is not null then
    raise exception 'a restriction is lifted once' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger restriction_guard before update on billing_restriction
  for each row execute function billing_restriction_guard();
create trigger restriction_nodel before delete or truncate on billing_restriction
  for each statement execute function framehouse_frozen();

-- An event's row keeps what came; only what became of it changes.
create function billing_stripe_event_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.event_id, new.type, new.object_id, new.account, new.livemode, new.payload, new.source, new.received_at)
      is distinct from (old.id, old.event_id, old.type, old.object_id, old.account, old.livemode, old.payload,
                        old.source, old.received_at) then
    raise exception 'an event stays as it came' using errcode = '42501';
  end if;
  return new;
end $$;
create trigger stripe_event_guard before update on billing_stripeevent
  for each row execute function billing_stripe_event_guard();
create trigger stripe_event_nodel before delete or truncate on billing_stripeevent
  for each statement execute function framehouse_frozen();

-- Who restricts locks the wallet first, and so does who holds: no hold slips in between.
create function billing_hold_of_unrestricted_team() returns trigger language plpgsql as $$
begin
  if exists (select 1 from billing_restriction where team_id = new.team_id and lifted_at is null) then
    raise exception 'a restricted team holds nothing'
      using errcode = '23514', constraint = 'hold_of_unrestricted_team';
  end if;
  return new;
end $$;
create trigger hold_of_unrestricted_team before insert on billing_hold
  for each row execute function billing_hold_of_unrestricted_team();

alter table billing_payment add constraint payment_of_a_member_of_team
  foreign key (membership_id, team_id) references accounts_membership(id, team_id) deferrable initially deferred;
alter table billing_refund add constraint refund_of_a_payment_of_team
  foreign key (payment_id, team_id) references billing_payment(id, team_id) deferrable initially deferred;
alter table billing_dispute add constraint dispute_of_a_payment_of_team
  foreign key (payment_id, team_id) references billing_payment(id, team_id) deferrable initially deferred;
alter table billing_restriction add constraint restriction_of_a_payment_of_team
  foreign key (payment_id, team_id) references billing_payment(id, team_id) deferrable initially deferred;
alter table billing_autorecharge add constraint auto_recharge_by_a_member_of_team
  foreign key (changed_by_id, team_id) references accounts_membership(id, team_id) deferrable initially deferred;
"""

UNDO = """
alter table billing_autorecharge drop constraint auto_recharge_by_a_member_of_team;
alter table billing_restriction drop constraint restriction_of_a_payment_of_team;
alter table billing_dispute drop constraint dispute_of_a_payment_of_team;
alter table billing_refund drop constraint refund_of_a_payment_of_team;
alter table billing_payment drop constraint payment_of_a_member_of_team;
drop trigger hold_of_unrestricted_team on billing_hold;
drop trigger stripe_event_nodel on billing_stripeevent; drop trigger stripe_event_guard on billing_stripeevent;
drop trigger restriction_nodel on billing_restriction; drop trigger restriction_guard on billing_restriction;
drop trigger dispute_nodel on billing_dispute; drop trigger dispute_guard on billing_dispute;
drop trigger refund_nodel on billing_refund; drop trigger refund_guard on billing_refund;
drop trigger payment_nodel on billing_payment; drop trigger payment_guard on billing_payment;
drop trigger transfer_of_payment on billing_transfer; drop trigger payment_money on billing_payment;
drop function billing_hold_of_unrestricted_team, billing_stripe_event_guard, billing_restriction_guard,
  billing_dispute_guard, billing_refund_guard, billing_payment_guard, billing_payment_money;
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0007_lots"), ("accounts", "0004_guards")]
    operations = [migrations.RunSQL(SQL, UNDO)]
