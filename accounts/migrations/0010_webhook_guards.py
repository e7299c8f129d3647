"""What is told stays as it was told, and inside its team (invariants.md T1): events are append-only until they are 30
days old, a delivery keeps its event and address, a try that is over is fixed, endpoints end and are never deleted."""

from django.db import migrations

SQL = """
alter table accounts_webhooksecret add constraint webhook_secret_of_team
  foreign key (endpoint_id, team_id) references accounts_webhookendpoint(id, team_id) deferrable initially deferred;
alter table accounts_delivery add constraint delivery_event_of_team
  foreign key (event_id, team_id) references accounts_outgoingevent(id, team_id) deferrable initially deferred;
alter table accounts_delivery add constraint delivery_endpoint_of_team
  foreign key (endpoint_id, team_id) references accounts_webhookendpoint(id, team_id) deferrable initially deferred;

create trigger webhook_endpoint_nodel before delete or truncate on accounts_webhookendpoint
  for each statement execute function accounts_frozen();

create function accounts_webhook_endpoint_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.uuid, new.team_id, new.created_at) is distinct from (old.id, old.uuid, old.team_id, old.created_at) then
    raise exception 'endpoint identity is fixed' using errcode = '23514';
  end if;
  if old.deleted_at is not null then
    raise exception 'a deleted endpoint stays as it was' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger webhook_endpoint_guard before update on accounts_webhookendpoint
  for each row execute function accounts_webhook_endpoint_guard();

create function accounts_webhook_secret_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.team_id, new.endpoint_id, new.sealed) is distinct from
     (old.id, old.team_id, old.endpoint_id, old.sealed) then
    raise exception 'a secret is fixed' using errcode = '23514';
  end if;
  if old.ends_at is not null and (new.ends_at is null or new.ends_at > old.ends_at) then
    raise exception 'the end of a secret only comes nearer' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger webhook_secret_guard before update on accounts_webhooksecret
  for each row execute function accounts_webhook_secret_guard();

create function accounts_outgoing_event_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and old.created_at <= statement_timestamp() - interval '30 days' then
    return old;
  end if;
  raise exception 'an event is append-only for 30 days' using errcode = '42501';
end $$;
create trigger outgoing_event_guard before update or delete on accounts_outgoingevent
  for each row execute function accounts_outgoing_event_guard();

create function accounts_delivery_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.uuid, new.team_id, new.event_id, new.endpoint_id, new.url) is distinct from
     (old.id, old.uuid, old.team_id, old.event_id, old.endpoint_id, old.url) then
    raise exception 'a delivery keeps its event and address' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger delivery_guard before update on accounts_delivery
  for each row execute function accounts_delivery_guard();

create function accounts_delivery_attempt_guard() returns trigger language plpgsql as $$
begin
  if old.outcome <> '' or (new.id, new.delivery_id, new.number, new.by, new.headers, new.started_at) is distinct from
     (old.id, old.delivery_id, old.number, old.by, old.headers, old.started_at) then
    raise exception 'what was tried is fixed' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger delivery_attempt_guard before update on accounts_deliveryattempt
  for each row execute function accounts_delivery_attempt_guard();
"""

UNDO = """
drop trigger delivery_attempt_guard on accounts_deliveryattempt;
drop function accounts_delivery_attempt_guard();
drop trigger delivery_guard on accounts_delivery;
drop function accounts_delivery_guard();
drop trigger outgoing_event_guard on accounts_outgoingevent;
drop function accounts_outgoing_event_guard();
drop trigger webhook_secret_guard on accounts_webhooksecret;
drop function accounts_webhook_secret_guard();
drop trigger webhook_endpoint_guard on accounts_webhookendpoint;
drop function accounts_webhook_endpoint_guard();
drop trigger webhook_endpoint_nodel on accounts_webhookendpoint;
alter table accounts_delivery drop constraint delivery_endpoint_of_team;
alter table accounts_delivery drop constraint delivery_event_of_team;
alter table accounts_webhooksecret drop constraint webhook_secret_of_team;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0009_webhooks")]
    operations = [migrations.RunSQL(SQL, UNDO)]
