"""Uploads are counted by team, end, and are known to the generations that use them; copies at providers.

What was there is counted, and what open generations use is found in their stored input.
"""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models
from django.db.models import Q

NOW = django.db.models.functions.datetime.Now()
IN_30_DAYS = NOW + models.Value("30 days", output_field=models.DurationField())
STATES = ["storing", "ready", "removed"]

SQL = """
alter table generations_uploaduse add constraint upload_use_of_team
  foreign key (upload_id, team_id) references generations_upload(id, team_id) deferrable initially deferred;
alter table generations_uploaduse add constraint upload_use_by_generation_of_team
  foreign key (generation_id, team_id) references generations_generation(id, team_id) deferrable initially deferred;

-- The totals follow the rows, whatever a program does; the limit is judged by who holds the team's row of totals.
create function generations_upload_counted() returns trigger language plpgsql as $$
declare
  was boolean := tg_op <> 'INSERT' and old.state <> 'removed';
  is_now boolean := tg_op <> 'DELETE' and new.state <> 'removed';
  team bigint := case when tg_op = 'DELETE' then old.team_id else new.team_id end;
  more bigint; count integer;
begin
  if tg_op = 'UPDATE' and (new.team_id, new.bytes, new.name) is distinct from (old.team_id, old.bytes, old.name) then
    raise exception 'team, bytes and name of an upload are fixed' using errcode = '23514', constraint = 'upload_fixed';
  end if;
  if tg_op = 'UPDATE' and old.state <> new.state
     and (old.state, new.state) not in (('storing', 'ready'), ('storing', 'removed'), ('ready', 'removed')) then
    raise exception 'an upload does not go from % to %', old.state, new.state
      using errcode = '23514', constraint = 'upload_steps';
  end if;
  count := is_now::int - was::int;
  if count = 0 then
    return null;
  end if;
  more := count * case when tg_op = 'DELETE' then old.bytes else new.bytes end;
  update generations_uploadquota q set bytes = q.bytes + more, files = q.files + count where q.team_id = team;
  if not found and count > 0 then
    insert into generations_uploadquota as q (team_id, bytes, files) values (team, more, count)
      on conflict (team_id) do update set bytes = q.bytes + excluded.bytes, files = q.files + excluded.files;
  end if;
  return null;
end $$;
create trigger upload_counted after insert or update or delete on generations_upload
  for each row execute function generations_upload_counted();
"""

BEFORE = """
set constraints all immediate;
insert into generations_uploadquota (team_id, bytes, files)
  select team_id, sum(bytes), count(*) from generations_upload group by team_id;
insert into generations_uploaduse (upload_id, generation_id, team_id)
  select u.id, g.id, g.team_id from generations_generation g
  join generations_upload u on u.team_id = g.team_id
    and strpos(g.input::text, 'upl_' || replace(u.id::text, '-', '')) > 0
  where g.status not in ('succeeded', 'failed', 'canceled');
set constraints all deferred;
"""

UNDO = """
drop trigger upload_counted on generations_upload;
drop function generations_upload_counted();
alter table generations_uploaduse drop constraint upload_use_by_generation_of_team;
alter table generations_uploaduse drop constraint upload_use_of_team;
"""


class Migration(migrations.Migration):
    dependencies = [("generations", "0007_batches")]

    operations = [
        migrations.RemoveIndex(model_name="upload", name="upload_of_team"),
        migrations.AddField("upload", "expires_at", models.DateTimeField(db_default=IN_30_DAYS)),
        migrations.AddField(
            "upload",
            "state",
            models.CharField(
                choices=[("storing", "Storing"), ("ready", "Ready"), ("removed", "Removed")],
                db_default="ready",
                default="ready",
                max_length=8,
            ),
        ),
        migrations.AddField("upload", "state_at", models.DateTimeField(db_default=NOW)),
        migrations.AddIndex("upload", models.Index(fields=["team", "-created_at", "-id"], name="upload_of_team")),
        migrations.AddIndex(
            "upload", models.Index(fields=["expires_at"], condition=Q(state="ready"), name="upload_expiry")
        ),
        migrations.AddIndex(
            "upload", models.Index(fields=["state_at"], condition=~Q(state="ready"), name="upload_leftover")
        ),
        migrations.AddConstraint("upload", models.UniqueConstraint(fields=["id", "team"], name="upload_in_team")),
        migrations.AddConstraint("upload", models.CheckConstraint(condition=Q(state__in=STATES), name="upload_state")),
        migrations.CreateModel(
            name="UploadQuota",
            fields=[
                (
                    "team",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="accounts.team",
                    ),
                ),
                ("bytes", models.BigIntegerField(default=0)),
                ("files", models.IntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=Q(bytes__gte=0, files__gte=0), name="upload_quota_not_below_zero")
                ]
            },
        ),
        migrations.CreateModel(
            name="UploadUse",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "upload",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="uses", to="generations.upload"
                    ),
                ),
                (
                    "generation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="generations.generation"
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="accounts.team"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["upload", "generation"], name="upload_used_once")]
            },
        ),
        migrations.CreateModel(
            name="ProviderCopy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(max_length=8)),
                ("url", models.CharField(max_length=4096)),
                ("expires_at", models.DateTimeField()),
                (
                    "upload",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="copies", to="generations.upload"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["expires_at"], name="provider_copy_expiry")],
                "constraints": [models.UniqueConstraint(fields=["upload", "provider"], name="provider_copy_once")],
            },
        ),
        migrations.RunSQL(SQL, UNDO),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
    ]
