"""States and money tied together in the database: invariants.md Appendix A, G1-G5, G9, in our names.

The triggers that tie a generation to its hold live here, so that billing never hears of generations (design 2).
"""

from django.db import migrations

SQL = """
-- Walls: no row can point into another team.
alter table generations_generation add constraint generation_hold_of_team
  foreign key (hold_id, team_id) references billing_hold(id, team_id) deferrable initially deferred;
alter table generations_output add constraint output_of_team
  foreign key (generation_id, team_id) references generations_generation(id, team_id) deferrable initially deferred;
alter table generations_generationevent add constraint generation_event_of_team
  foreign key (generation_id, team_id) references generations_generation(id, team_id) deferrable initially deferred;

create function generations_step(src text, dst text) returns boolean language sql immutable as $$
  select (src, dst) in (
    ('queued','submitting'), ('queued','failed'), ('queued','canceled'),
    ('submitting','running'), ('submitting','unknown'), ('submitting','failed'), ('submitting','queued'),
    ('unknown','running'), ('unknown','failed'),
    ('running','storing'), ('running','failed'),
    ('storing','succeeded'), ('storing','failed'))
$$;

create function generations_generation_guard() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if (new.status, new.status_version, new.output_count) is distinct from ('queued'::varchar, 0, 0::smallint)
        or new.provider_task_id is not null then
      raise exception 'generations start queued and empty' using errcode = '23514';
    end if;
    return new;
  end if;
  if new.status <> old.status then
    if not generations_step(old.status, new.status) then
      raise exception 'illegal step % -> %', old.status, new.status using errcode = '23514';
    end if;
    if old.status = 'submitting' and new.status = 'queued' and (
        exists (select 1 from generations_attempt where generation_id = new.id
                and outcome in ('in_flight', 'unknown', 'accepted'))
        or not exists (select 1 from generations_attempt where generation_id = new.id
                and outcome in ('not_sent', 'refused'))) then
      raise exception 'back to queued only with a proof that nothing was sent' using errcode = '23514';
    end if;
    new.status_version := old.status_version + 1;
    new.status_at := clock_timestamp();
  elsif old.status in ('succeeded', 'failed', 'canceled')
      and (new.output_count, new.charged, new.reason, new.finished_at, new.receipt, new.text)
          is distinct from (old.output_count, old.charged, old.reason, old.finished_at, old.receipt, old.text) then
    raise exception 'an ended generation stays as it ended' using errcode = '23514';
  end if;
  if old.provider_task_id is not null and new.provider_task_id is distinct from old.provider_task_id then
    raise exception 'provider task is write-once' using errcode = '23514';
  end if;
  if (new.id, new.team_id, new.model, new.kind, new.provider, new.input_hash, new.requested_outputs, new.price,
      new.hold_id, new.hold_amount, new.price_version_id)
      is distinct from (old.id, old.team_id, old.model, old.kind, old.provider, old.input_hash, old.requested_outputs,
      old.price, old.hold_id, old.hold_amount, old.price_version_id) then
    raise exception 'team, model, input and price are fixed' using errcode = '23514';
  end if;
  -- The charge is worked out of these; once it is, they may be blanked (erasure).
  if old.status not in ('succeeded', 'failed', 'canceled') and (new.input, new.lines) is distinct from (old.input, old.lines)
  then
    raise exception 'input and lines are fixed until the end' using errcode = '23514';
  end if;
  if old.quote_id is not null and new.quote_id is not null and new.quote_id <> old.quote_id then
    raise exception 'the quote is fixed' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger generation_guard before insert or update on generations_generation
  for each row execute function generations_generation_guard();

-- At COMMIT: the hold's state follows from the generation's, and nothing is captured or released before the end.
create function generations_money() returns trigger language plpgsql as $$
declare g generations_generation; h billing_hold; want text; outs int;
begin
  if tg_table_name = 'generations_generation' then
    select * into g from generations_generation where id = new.id;
  else
    select * into g from generations_generation where hold_id = new.id;
    if g.id is null then
      if new.reference like 'gen\\_%' then
        raise exception 'hold without its generation' using errcode = '23514';
      end if;
      return null;
    end if;
  end if;
  if g.id is null then return null; end if;
  select * into h from billing_hold where id = g.hold_id;
  if h.id is null then raise exception 'generation without hold' using errcode = '23514'; end if;
  if h.amount <> g.hold_amount then raise exception 'hold differs from quote' using errcode = '23514'; end if;
  if h.reference <> 'gen_' || replace(g.id::text, '-', '') then
    raise exception 'hold of another generation' using errcode = '23514';
  end if;
  want := case when g.status = 'succeeded' and g.charged > 0 then 'captured'
               when g.status in ('succeeded', 'failed', 'canceled') then 'released' else 'open' end;
  if h.state <> want then raise exception 'status % but hold %', g.status, h.state using errcode = '23514'; end if;
  if want = 'open' and h.captured + h.released > 0 then
    raise exception 'an open hold is whole' using errcode = '23514';
  end if;
  if g.status in ('failed', 'canceled') and g.charged <> 0 then
    raise exception 'charged for nothing' using errcode = '23514';
  end if;
  if g.charged is not null and h.captured <> g.charged then
    raise exception 'charged % but captured %', g.charged, h.captured using errcode = '23514';
  end if;
  if g.status = 'succeeded' then
    select count(*) into outs from generations_output where generation_id = g.id;
    if g.kind <> 'text' and outs <> g.output_count then
      raise exception 'success without its stored outputs' using errcode = '23514';
    end if;
    if g.output_count > g.requested_outputs then
      raise exception 'more outputs than requested' using errcode = '23514';
    end if;
    -- A router may tell a cost of nothing for a text; a file always has a price.
    if g.kind <> 'text' and g.charged = 0 then raise exception 'success without charge' using errcode = '23514'; end if;
    if g.kind = 'text' and g.text = '' then raise exception 'success without text' using errcode = '23514'; end if;
  end if;
  return null;
end $$;
create constraint trigger generation_money after insert or update on generations_generation
  deferrable initially deferred for each row execute function generations_money();
create constraint trigger generation_hold_money after insert or update on billing_hold
  deferrable initially deferred for each row execute function generations_money();

create function generations_attempt_guard() returns trigger language plpgsql as $$
begin
  if (new.generation_id, new.number, new.token_hash) is distinct from (old.generation_id, old.number, old.token_hash) then
    raise exception 'an attempt is fixed' using errcode = '23514';
  end if;
  if new.outcome <> old.outcome and (old.outcome, new.outcome) not in (
      ('in_flight','accepted'), ('in_flight','not_sent'), ('in_flight','refused'), ('in_flight','unknown'),
      ('unknown','accepted')) then
    raise exception 'illegal outcome % -> %', old.outcome, new.outcome using errcode = '23514';
  end if;
  if old.provider_task_id <> '' and new.provider_task_id <> old.provider_task_id then
    raise exception 'an attempt''s task is write-once' using errcode = '23514';
  end if;
  return new;
end $$;
create trigger attempt_guard before update on generations_attempt
  for each row execute function generations_attempt_guard();

create function generations_answer_once() returns trigger language plpgsql as $$
begin
  if old.status is not null or (new.team_id, new.key, new.fingerprint) is distinct from (old.team_id, old.key, old.fingerprint)
  then
    raise exception 'a stored answer does not change' using errcode = '42501';
  end if;
  return new;
end $$;
create trigger idempotency_once before update on generations_idempotencyrecord
  for each row execute function generations_answer_once();

-- Append-only rows. Deleting is for retention (idempotency) and never for these.
create trigger price_version_frozen before update or delete or truncate on generations_priceversion
  for each statement execute function framehouse_frozen();
create trigger generation_event_frozen before update or delete or truncate on generations_generationevent
  for each statement execute function framehouse_frozen();
create trigger output_frozen before update or delete or truncate on generations_output
  for each statement execute function framehouse_frozen();
create trigger generation_nodel before delete or truncate on generations_generation
  for each statement execute function framehouse_frozen();
create trigger attempt_nodel before delete or truncate on generations_attempt
  for each statement execute function framehouse_frozen();
"""

UNDO = """
drop trigger attempt_nodel on generations_attempt;
drop trigger generation_nodel on generations_generation; drop trigger output_frozen on generations_output;
drop trigger generation_event_frozen on generations_generationevent;
drop trigger price_version_frozen on generations_priceversion;
drop trigger idempotency_once on generations_idempotencyrecord; drop trigger attempt_guard on generations_attempt;
drop trigger generation_hold_money on billing_hold; drop trigger generation_money on generations_generation;
drop trigger generation_guard on generations_generation;
drop function generations_answer_once, generations_attempt_guard, generations_money, generations_generation_guard,
  generations_step;
alter table generations_generationevent drop constraint generation_event_of_team;
alter table generations_output drop constraint output_of_team;
alter table generations_generation drop constraint generation_hold_of_team;
"""


class Migration(migrations.Migration):
    dependencies = [("generations", "0001_initial"), ("billing", "0002_guards")]
    operations = [migrations.RunSQL(SQL, UNDO)]
