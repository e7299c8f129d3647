"""Sums of costs of days gone by stand in one row a variant: the shards are for the ends of this moment alone.

And indexes for the generations behind a figure: by their end, of a team by their end, and those whose cost was not the
expected one.
"""

from django.db import migrations, models

SUMS = (
    "succeeded",
    "failed",
    "canceled",
    "revenue",
    "expected",
    "actual",
    "cost",
    "at_risk",
    "matched",
    "over",
    "under",
    "unreported",
    "unattributed",
)
QUOTED = ", ".join(f'"{name}"' for name in SUMS)
SUMMED = ", ".join(f'sum("{name}")' for name in SUMS)
ADDED = ", ".join(f'"{name}" = d."{name}" + excluded."{name}"' for name in SUMS)

SQL = f"""
set local statement_timeout = 0;  -- the indexes of many generations take their time
create function generations_folded_only() returns trigger language plpgsql as $$
begin
  if tg_op <> 'DELETE' or coalesce(current_setting('framehouse.recounting', true), '') <> 'yes' then
    raise exception '% is written by generations only', tg_table_name using errcode = '42501';
  end if;
  return null;
end $$;
drop trigger model_day_nodel on generations_modelday;
create trigger model_day_nodel before delete or truncate on generations_modelday
  for each statement execute function generations_folded_only();

-- Adds the shards of the days before one up into the first; returns how many rows went. What ends meanwhile waits for
-- the row, or writes its shard anew, to be folded the next time.
create function generations_fold_costs(until date) returns int language plpgsql as $$
declare gone int;
begin
  perform set_config('framehouse.recounting', 'yes', true);
  with taken as (
    delete from generations_modelday where day < until and shard > 0 returning *
  ), folded as (
    insert into generations_modelday as d (day, provider, model, variant, shard, {QUOTED})
      select day, min(provider), model, variant, 0, {SUMMED} from taken group by day, model, variant
      on conflict (day, model, variant, shard) do update set {ADDED}
  )
  select count(*) into gone from taken;
  perform set_config('framehouse.recounting', '', true);
  return gone;
end $$;
create index model_day_unfolded on generations_modelday (day) where shard > 0;
"""  # noqa: S608 - our own names

UNDO = """
drop index model_day_unfolded;
drop function generations_fold_costs(date);
drop trigger model_day_nodel on generations_modelday;
create trigger model_day_nodel before delete or truncate on generations_modelday
  for each statement execute function framehouse_frozen();
drop function generations_folded_only();
"""


class Migration(migrations.Migration):
    dependencies = [("generations", "0017_case_guards")]
    operations = [
        migrations.RunSQL(SQL, UNDO),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                fields=["-finished_at", "-id"],
                condition=models.Q(finished_at__isnull=False),
                name="generation_ended",
            ),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                fields=["team", "-finished_at", "-id"],
                condition=models.Q(finished_at__isnull=False),
                name="generation_ended_of_team",
            ),
        ),
        migrations.AddIndex(
            model_name="generation",
            index=models.Index(
                fields=["cost_verdict", "-finished_at", "-id"],
                condition=models.Q(cost_verdict__in=["over", "under", "unknown", "unattributed"]),
                name="generation_odd_cost",
            ),
        ),
    ]
