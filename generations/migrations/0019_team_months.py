"""The sums of costs by team, key and provider for whole months: written with the days, by the same trigger."""

import django.db.models.deletion
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
MONEY = ("revenue", "expected", "actual", "cost", "at_risk")
QUOTED = ", ".join(f'"{name}"' for name in SUMS)
SUMMED = ", ".join(f'sum("{name}")' for name in SUMS)
ADDED = ", ".join(f'"{name}" = d."{name}" + excluded."{name}"' for name in SUMS)
MONTH = "date_trunc('month', {}::timestamp)::date"

# A row of the days changes only by the trigger on generations (guarded), so its difference is the month's.
SQL = f"""
create function generations_book_month() returns trigger language plpgsql as $$
begin
  if coalesce(current_setting('framehouse.recounting', true), '') = 'yes' then return null; end if;
  insert into generations_teammonth as d (day, team_id, api_key_id, provider, {QUOTED})
    values ({MONTH.format("new.day")}, new.team_id, new.api_key_id, new.provider,
      {", ".join(f'new."{name}" - case when tg_op = {chr(39)}UPDATE{chr(39)} then old."{name}" else 0 end' for name in SUMS)})
    on conflict (day, team_id, api_key_id, provider) do update set {ADDED};
  return null;
end $$;
create trigger cost_day_books_month after insert or update on generations_costday
  for each row execute function generations_book_month();
create trigger team_month_guard before insert or update on generations_teammonth
  for each row execute function generations_by_generation_only();
create trigger team_month_nodel before delete or truncate on generations_teammonth
  for each statement execute function framehouse_frozen();
alter table generations_teammonth add constraint team_month_of_a_key_of_team
  foreign key (api_key_id, team_id) references accounts_apikey(id, team_id) deferrable initially deferred;

alter function generations_recount_costs() rename to generations_recount_cost_days;
create function generations_recount_costs() returns void language plpgsql as $$
begin
  perform generations_recount_cost_days();
  perform set_config('framehouse.recounting', 'yes', true);
  alter table generations_teammonth disable trigger team_month_nodel;
  delete from generations_teammonth;
  alter table generations_teammonth enable trigger team_month_nodel;
  insert into generations_teammonth (day, team_id, api_key_id, provider, {QUOTED})
    select {MONTH.format("day")}, team_id, api_key_id, provider, {SUMMED}
    from generations_costday group by 1, 2, 3, 4;
  perform set_config('framehouse.recounting', '', true);
end $$;

set local statement_timeout = 0;
select set_config('framehouse.recounting', 'yes', true);
insert into generations_teammonth (day, team_id, api_key_id, provider, {QUOTED})
  select {MONTH.format("day")}, team_id, api_key_id, provider, {SUMMED}
  from generations_costday group by 1, 2, 3, 4;
select set_config('framehouse.recounting', '', true);
set constraints all immediate;  -- the table is altered once more in this transaction
"""  # noqa: S608 - our own names

UNDO = """
drop function generations_recount_costs();
alter function generations_recount_cost_days() rename to generations_recount_costs;
alter table generations_teammonth drop constraint team_month_of_a_key_of_team;
drop trigger team_month_nodel on generations_teammonth; drop trigger team_month_guard on generations_teammonth;
drop trigger cost_day_books_month on generations_costday;
drop function generations_book_month();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0014_oversight_acts"), ("generations", "0018_costs_fold")]
    operations = [
        migrations.CreateModel(
            name="TeamMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                *(
                    (name, models.BigIntegerField(default=0) if name in MONEY else models.IntegerField(default=0))
                    for name in SUMS
                ),
                ("provider", models.CharField(max_length=8)),
                (
                    "api_key",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.apikey",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.team",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["day", "team", "api_key", "provider"], name="team_month_once", nulls_distinct=False
                    ),
                    models.CheckConstraint(condition=models.Q(day__day=1), name="team_month_of_a_first"),
                ],
            },
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
