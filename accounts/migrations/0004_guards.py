"""What no program can break: the audit log only grows, a team keeps an owner, ends are final, keys keep their identity,
and no row of one team points into another (invariants.md T1, K1, L4; faults.md E11)."""

from django.db import migrations

SQL = """
create function accounts_frozen() returns trigger language plpgsql as $$
begin raise exception '% is append-only', tg_table_name using errcode = '42501'; end $$;
create trigger audit_frozen before update or delete or truncate on accounts_auditevent
  for each statement execute function accounts_frozen();
create trigger membership_nodel before delete or truncate on accounts_membership
  for each statement execute function accounts_frozen();
create trigger team_nodel before delete or truncate on accounts_team
  for each statement execute function accounts_frozen();
create trigger api_key_nodel before delete or truncate on accounts_apikey
  for each statement execute function accounts_frozen();
create trigger invitation_nodel before delete or truncate on accounts_invitation
  for each statement execute function accounts_frozen();

-- Whoever takes an owner away holds the team's row, so that two cannot take each other at once.
create function accounts_membership_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.uuid, new.team_id, new.user_id) is distinct from (old.id, old.uuid, old.team_id, old.user_id) then
    raise exception 'membership identity is fixed' using errcode = '23514';
  end if;
  if old.role = 'owner' and old.ended_at is null and (new.role <> 'owner' or new.ended_at is not null) then
    perform 1 from accounts_team where id = old.team_id for no key update;
  end if;
  return new;
end $$;
create trigger membership_guard before update on accounts_membership
  for each row execute function accounts_membership_guard();

create function accounts_team_has_owner() returns trigger language plpgsql as $$
begin
  if not exists (select 1 from accounts_membership where team_id = new.team_id and role = 'owner' and ended_at is null)
  then
    raise exception 'a team keeps an owner' using errcode = '23514', constraint = 'team_keeps_an_owner';
  end if;
  return null;
end $$;
create constraint trigger team_keeps_an_owner after update on accounts_membership
  deferrable initially deferred for each row
  when (old.role = 'owner' and old.ended_at is null and (new.role <> 'owner' or new.ended_at is not null))
  execute function accounts_team_has_owner();

create function accounts_team_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.uuid) is distinct from (old.id, old.uuid) then
    raise exception 'team identity is fixed' using errcode = '23514';
  end if;
  if old.status = 'closed' and new.status <> 'closed' then
    raise exception 'a closed team stays closed' using errcode = '23514';
  end if;
  if new.status = 'closed' and old.status not in ('closing', 'closed') then
    raise exception 'a team closes by way of closing' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger team_guard before update on accounts_team for each row execute function accounts_team_guard();

create function accounts_invitation_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if new.status <> 'open' then raise exception 'invitations start open' using errcode = '23514'; end if;
    return new;
  end if;
  if (new.id, new.uuid, new.team_id, new.email, new.role, new.invited_by_id)
      is distinct from (old.id, old.uuid, old.team_id, old.email, old.role, old.invited_by_id) then
    raise exception 'what is offered is fixed' using errcode = '23514';
  end if;
  if old.status <> 'open' and (new.status, new.version, new.ended_at)
      is distinct from (old.status, old.version, old.ended_at) then
    raise exception 'an ended invitation stays ended' using errcode = '23514';
  end if;
  if new.version < old.version then
    raise exception 'an invitation''s version only rises' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger invitation_guard before insert or update on accounts_invitation
  for each row execute function accounts_invitation_guard();

create function accounts_api_key_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.uuid, new.team_id, new.lookup) is distinct from (old.id, old.uuid, old.team_id, old.lookup) then
    raise exception 'key identity is fixed' using errcode = '23514';
  end if;
  if old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at then
    raise exception 'a revoked key stays revoked' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger api_key_guard before update on accounts_apikey
  for each row execute function accounts_api_key_guard();

create function accounts_api_key_secret_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.api_key_id, new.digest) is distinct from (old.id, old.api_key_id, old.digest) then
    raise exception 'a secret is fixed' using errcode = '23514';
  end if;
  if old.ends_at is not null and (new.ends_at is null or new.ends_at > old.ends_at) then
    raise exception 'an end only comes nearer' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger api_key_secret_guard before update on accounts_apikeysecret
  for each row execute function accounts_api_key_secret_guard();

alter table accounts_invitation add constraint invitation_by_a_member_of_team
  foreign key (invited_by_id, team_id) references accounts_membership(id, team_id) deferrable initially deferred;
alter table accounts_invitation add constraint invitation_accepted_into_team
  foreign key (accepted_by_id, team_id) references accounts_membership(id, team_id) deferrable initially deferred;
"""

UNDO = """
alter table accounts_invitation drop constraint invitation_accepted_into_team;
alter table accounts_invitation drop constraint invitation_by_a_member_of_team;
drop trigger api_key_secret_guard on accounts_apikeysecret; drop trigger api_key_guard on accounts_apikey;
drop trigger invitation_guard on accounts_invitation; drop trigger team_guard on accounts_team;
drop trigger team_keeps_an_owner on accounts_membership; drop trigger membership_guard on accounts_membership;
drop trigger invitation_nodel on accounts_invitation; drop trigger api_key_nodel on accounts_apikey;
drop trigger team_nodel on accounts_team; drop trigger membership_nodel on accounts_membership;
drop trigger audit_frozen on accounts_auditevent;
drop function accounts_api_key_secret_guard, accounts_api_key_guard, accounts_invitation_guard, accounts_team_guard,
  accounts_team_has_owner, accounts_membership_guard, accounts_frozen;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_secrets_of_keys")]
    operations = [migrations.RunSQL(SQL, UNDO)]
