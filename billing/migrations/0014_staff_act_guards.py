"""What staff do to wallets, kept by the database: an adjustment is decided once and stays as it was proposed, and a
frozen wallet holds nothing new (invariants.md L11)."""

from django.db import migrations

SQL = """
create function billing_adjustment_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'proposed' then
      raise exception 'adjustments start proposed' using errcode = '23514';
    end if;
    return new;
  end if;
  if (new.id, new.uuid, new.team_id, new.amount, new.limit, new.reason, new.expires_at, new.proposed_by_id,
      new.proposed_at) is distinct from
     (old.id, old.uuid, old.team_id, old.amount, old.limit, old.reason, old.expires_at, old.proposed_by_id,
      old.proposed_at) then
    raise exception 'an adjustment stays as it was proposed' using errcode = '23514';
  end if;
  if old.state <> 'proposed' then
    raise exception 'an adjustment is decided once' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger adjustment_guard before insert or update on billing_adjustment
  for each row execute function billing_adjustment_guard();
create trigger adjustment_nodel before delete or truncate on billing_adjustment
  for each statement execute function framehouse_frozen();

-- Who freezes locks the wallet first, and so does who holds: no hold slips in between.
create function billing_hold_of_unfrozen_wallet() returns trigger language plpgsql as $$
begin
  if exists (select 1 from billing_walletfreeze where team_id = new.team_id and lifted_at is null) then
    raise exception 'a frozen wallet holds nothing new'
      using errcode = '23514', constraint = 'hold_of_unfrozen_wallet';
  end if;
  return new;
end $$;
create trigger hold_of_unfrozen_wallet before insert on billing_hold
  for each row execute function billing_hold_of_unfrozen_wallet();

create function billing_wallet_freeze_guard() returns trigger language plpgsql as $$
begin
  if old.lifted_at is not null or (new.id, new.team_id, new.reason, new.frozen_by, new.frozen_at)
      is distinct from (old.id, old.team_id, old.reason, old.frozen_by, old.frozen_at) then
    raise exception 'a freeze is lifted once and stays as it was' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger wallet_freeze_guard before update on billing_walletfreeze
  for each row execute function billing_wallet_freeze_guard();
create trigger wallet_freeze_nodel before delete or truncate on billing_walletfreeze
  for each statement execute function framehouse_frozen();
"""

UNDO = """
drop trigger wallet_freeze_nodel on billing_walletfreeze; drop trigger wallet_freeze_guard on billing_walletfreeze;
drop function billing_wallet_freeze_guard();
drop trigger hold_of_unfrozen_wallet on billing_hold; drop function billing_hold_of_unfrozen_wallet();
drop trigger adjustment_nodel on billing_adjustment; drop trigger adjustment_guard on billing_adjustment;
drop function billing_adjustment_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0013_staff_acts")]
    operations = [migrations.RunSQL(SQL, UNDO)]
