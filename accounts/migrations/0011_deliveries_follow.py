"""A pending delivery follows its endpoint to another address; a try says where it went. Which host is called now is
written while it is called, so that it is not called by too many at once."""

from django.db import migrations, models
from django.db.models import Q

SQL = """
create or replace function accounts_delivery_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.uuid, new.team_id, new.event_id, new.endpoint_id) is distinct from
     (old.id, old.uuid, old.team_id, old.event_id, old.endpoint_id) then
    raise exception 'a delivery keeps its event and endpoint' using errcode = '23514';
  end if;
  if new.url <> old.url and (new.endpoint_id is null or new.status <> 'pending') then
    raise exception 'only a pending delivery of an endpoint gets another address' using errcode = '23514';
  end if;
  return new;
end $$;

create or replace function accounts_delivery_attempt_guard() returns trigger language plpgsql as $$
begin
  if old.outcome <> ''
     or (new.id, new.delivery_id, new.number, new."by", new.url, new.headers, new.started_at) is distinct from
        (old.id, old.delivery_id, old.number, old."by", old.url, old.headers, old.started_at) then
    raise exception 'what was tried is fixed' using errcode = '23514';
  end if;
  return new;
end $$;
"""

UNDO = """
create or replace function accounts_delivery_guard() returns trigger language plpgsql as $$
begin
  if (new.id, new.uuid, new.team_id, new.event_id, new.endpoint_id, new.url) is distinct from
     (old.id, old.uuid, old.team_id, old.event_id, old.endpoint_id, old.url) then
    raise exception 'a delivery keeps its event and address' using errcode = '23514';
  end if;
  return new;
end $$;

create or replace function accounts_delivery_attempt_guard() returns trigger language plpgsql as $$
begin
  if old.outcome <> '' or (new.id, new.delivery_id, new.number, new."by", new.headers, new.started_at) is distinct from
     (old.id, old.delivery_id, old.number, old."by", old.headers, old.started_at) then
    raise exception 'what was tried is fixed' using errcode = '23514';
  end if;
  return new;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_webhook_guards")]
    operations = [
        migrations.AddField("webhookendpoint", "warned_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "delivery", "host", models.CharField(blank=True, default="", max_length=261), preserve_default=False
        ),
        migrations.AddField(
            "delivery", "asked_by", models.CharField(blank=True, default="", max_length=80), preserve_default=False
        ),
        migrations.AddField(
            "deliveryattempt", "url", models.CharField(default="", max_length=2048), preserve_default=False
        ),
        migrations.AddIndex(
            "delivery",
            models.Index(fields=["host"], condition=Q(leased_until__isnull=False), name="delivery_in_flight"),
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
