"""Batches and their quotes: written once; a batch's generations are of its team, and are what the batch says."""

import uuid

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.functions import Now

SQL = """
alter table generations_batch add constraint batch_by_a_member_of_team
  foreign key (membership_id, team_id) references accounts_membership(id, team_id) deferrable initially deferred;
alter table generations_batch add constraint batch_by_a_key_of_team
  foreign key (api_key_id, team_id) references accounts_apikey(id, team_id) deferrable initially deferred;
alter table generations_generation add constraint generation_in_a_batch_of_team
  foreign key (batch_id, team_id) references generations_batch(id, team_id) deferrable initially deferred;

create trigger batch_frozen before update or delete or truncate on generations_batch
  for each statement execute function framehouse_frozen();
-- A quote that nobody can use any more may be pruned.
create trigger batch_quote_frozen before update or truncate on generations_batchquote
  for each statement execute function framehouse_frozen();

create function generations_batch_place() returns trigger language plpgsql as $$
begin
  if (new.batch_id, new.batch_index) is distinct from (old.batch_id, old.batch_index) then
    raise exception 'the batch of a generation is fixed' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger generation_batch_place before update of batch_id, batch_index on generations_generation
  for each row execute function generations_batch_place();

-- At COMMIT: what a batch accepted is what is there, each in its place and in sum.
create function generations_batch_whole() returns trigger language plpgsql as $$
declare b generations_batch; n int; p bigint; h bigint;
begin
  if tg_table_name = 'generations_batch' then b := new;
  else select * into b from generations_batch where id = new.batch_id; end if;
  select count(*), coalesce(sum(price), 0), coalesce(sum(hold_amount), 0) into n, p, h
    from generations_generation where batch_id = b.id and batch_index < b.count;
  if (n, p, h) is distinct from (b.accepted::int, b.price, b.held) or b.count <> jsonb_array_length(b.items)
      or exists (select 1 from generations_generation where batch_id = b.id and batch_index >= b.count) then
    raise exception 'a batch is what its generations are' using errcode = '23514';
  end if;
  return null;
end $$;
create constraint trigger batch_whole after insert on generations_batch
  deferrable initially deferred for each row execute function generations_batch_whole();
create constraint trigger generation_batch_whole after insert on generations_generation
  deferrable initially deferred for each row when (new.batch_id is not null)
  execute function generations_batch_whole();
"""

UNDO = """
drop trigger generation_batch_whole on generations_generation; drop trigger batch_whole on generations_batch;
drop trigger generation_batch_place on generations_generation;
drop trigger batch_quote_frozen on generations_batchquote; drop trigger batch_frozen on generations_batch;
drop function generations_batch_whole, generations_batch_place;
alter table generations_generation drop constraint generation_in_a_batch_of_team;
alter table generations_batch drop constraint batch_by_a_key_of_team;
alter table generations_batch drop constraint batch_by_a_member_of_team;
"""


class Migration(migrations.Migration):
    dependencies = [("generations", "0006_outgoing_events_leave")]

    operations = [
        migrations.CreateModel(
            name="BatchQuote",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("items", models.JSONField()),
                ("count", models.PositiveSmallIntegerField()),
                ("price", models.BigIntegerField()),
                ("hold", models.BigIntegerField()),
                ("created_at", models.DateTimeField(db_default=Now())),
                ("expires_at", models.DateTimeField()),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="batch_quotes", to="accounts.team"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["expires_at"], name="batch_quote_expiry")],
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(price__gt=0, hold__gte=F("price"), hold__lt=10**15), name="batch_quote_amounts"
                    ),
                    models.CheckConstraint(condition=Q(count__gte=1, count__lte=100), name="batch_quote_size"),
                    models.CheckConstraint(
                        condition=Q(expires_at__gt=F("created_at")), name="batch_quote_expires_after_birth"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(blank=True, max_length=120)),
                ("mode", models.CharField(choices=[("all", "All"), ("fit", "Fit")], max_length=3)),
                ("stop_at", models.BigIntegerField(null=True)),
                ("price", models.BigIntegerField()),
                ("held", models.BigIntegerField()),
                ("count", models.PositiveSmallIntegerField()),
                ("accepted", models.PositiveSmallIntegerField()),
                ("items", models.JSONField()),
                ("created_at", models.DateTimeField(db_default=Now())),
                (
                    "api_key",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batches",
                        to="accounts.apikey",
                    ),
                ),
                (
                    "membership",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="batches",
                        to="accounts.membership",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="batches", to="accounts.team"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["team", "-created_at"], name="batch_history")],
                "constraints": [
                    models.UniqueConstraint(fields=("id", "team"), name="batch_in_team"),
                    models.CheckConstraint(condition=Q(mode__in=["all", "fit"]), name="batch_mode_known"),
                    models.CheckConstraint(
                        condition=Q(count__lte=100, accepted__gte=1, accepted__lte=F("count")), name="batch_size"
                    ),
                    models.CheckConstraint(
                        condition=~Q(mode="all") | Q(accepted=F("count")), name="batch_of_all_is_whole"
                    ),
                    models.CheckConstraint(
                        condition=Q(stop_at=None) | Q(stop_at__gte=F("held")),
                        name="batch_holds_no_more_than_stop_at",
                    ),
                    models.CheckConstraint(condition=Q(price__gt=0, held__gte=F("price")), name="batch_amounts"),
                ],
            },
        ),
        migrations.AddField(
            model_name="generation",
            name="batch",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="generations",
                to="generations.batch",
            ),
        ),
        migrations.AddField(
            model_name="generation", name="batch_index", field=models.PositiveSmallIntegerField(null=True)
        ),
        migrations.AddConstraint(
            model_name="generation",
            constraint=models.UniqueConstraint(fields=("batch", "batch_index"), name="generation_once_in_batch"),
        ),
        migrations.AddConstraint(
            model_name="generation",
            constraint=models.CheckConstraint(
                condition=Q(batch=None, batch_index=None) | Q(batch__isnull=False, batch_index__isnull=False),
                name="generation_has_a_place_in_its_batch",
            ),
        ),
        migrations.RunSQL(SQL, UNDO),
    ]
