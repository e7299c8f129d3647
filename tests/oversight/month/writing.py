"""Puts the month into the database: real holds and transfers by the ledger's own triggers, day by day, with the clock
set to the day. The guard of a generation's steps is off meanwhile: its states are proven elsewhere."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accounts import keys as api_keys
from accounts.models import ApiKey, Membership, Team
from billing import ledger
from billing.models import HOUSE
from generations import catalog
from generations.models import PriceVersion, TeamDiscount
from tests.oversight.month import script
from tests.oversight.month.script import Fact
from tests.world import person, team_of

# A generation's steps, and at COMMIT that its hold's state follows: the books' checks say the latter at the end.
PROVEN_ELSEWHERE = (
    ("generation_guard", "generations_generation"),
    ("generation_money", "generations_generation"),
    ("generation_hold_money", "billing_hold"),
)
GRANTED = 10**12  # to each team, micro-dollars
ROUND = 250  # rows a transaction: each leaves versions of the wallets' rows that only its end lets go
# Functions of ours ask for `clock_timestamp()` without a schema: for this session it is the script's.
CLOCK = """
create schema if not exists script;
create or replace function script.clock_timestamp() returns timestamptz language sql volatile as
  $$ select current_setting('script.now')::timestamptz $$;
create or replace function script.statement_timestamp() returns timestamptz language sql volatile as
  $$ select current_setting('script.now')::timestamptz $$;
set search_path = script, pg_catalog, public;
"""
FACTS = """
create temporary table fact (number int primary key, id uuid, hold uuid, team int, member bigint, key bigint,
  model text, kind text, provider text, variant text, version bigint, discount int, input jsonb, lines jsonb,
  amount bigint, requested int, accepted_at timestamptz, ended_at timestamptz, status text,
  reason text, outputs int, list_amount bigint, charged bigint, asked_cost bigint, expected bigint, first_actual bigint,
  first_verdict text, actual bigint, verdict text, task text)
"""
ACCEPT = """
insert into billing_hold (id, reference, team_id, membership_id, api_key_id, subject, amount, captured, released, state,
  expires_at, created_at)
select hold, 'gen_' || replace(id::text, '-', ''), team, member, key, model, amount, 0, 0, 'open',
  accepted_at + interval '3 hours', accepted_at from fact where number between %(first)s and %(last)s order by number;
insert into billing_transfer (key, kind, debit_id, credit_id, amount, hold_id, actor, reason, event_at, created_at)
select 'hold:gen_' || replace(f.id::text, '-', ''), 'hold', a.id, h.id, f.amount, f.hold, 'script', 'held',
  clock_timestamp(), clock_timestamp()
from fact f join billing_account a on a.team_id = f.team and a.kind = 'available'
  join billing_account h on h.team_id = f.team and h.kind = 'held'
where number between %(first)s and %(last)s order by number;
insert into generations_generation (id, team_id, membership_id, api_key_id, model, kind, provider, status,
  status_version, status_at, input, input_hash, metadata, webhook_url, price_version_id, variant, discount_ppm, lines,
  price, hold_id, hold_amount, requested_outputs, output_count, text, reason, message, polls, misreads, store_tries,
  expected_cost, cost_verdict, created_at, next_action_at, deadline_at)
select id, team, member, key, model, kind, provider, 'queued', 0, accepted_at, input, md5(number::text), '{}', '',
  version, variant, discount, lines, amount, hold, amount, requested, 0, '', '', '', 0, 0, 0, asked_cost, 'pending',
  accepted_at, accepted_at, accepted_at + interval '2 hours'
from fact where number between %(first)s and %(last)s order by number;
"""
SETTLE = """
insert into billing_transfer (key, kind, debit_id, credit_id, amount, hold_id, actor, reason, event_at, created_at)
select 'capture:gen_' || replace(f.id::text, '-', ''), 'capture', h.id, r.id, f.charged, f.hold, 'script', 'delivered',
  clock_timestamp(), clock_timestamp()
from fact f join billing_account h on h.team_id = f.team and h.kind = 'held'
  join billing_account r on r.team_id is null and r.kind = 'revenue'
where f.charged > 0 and number = any(%(numbers)s) order by number;
insert into billing_transfer (key, kind, debit_id, credit_id, amount, hold_id, actor, reason, event_at, created_at)
select 'release:gen_' || replace(f.id::text, '-', ''), 'release', h.id, a.id, f.amount - f.charged, f.hold, 'script',
  'not delivered', clock_timestamp(), clock_timestamp()
from fact f join billing_account h on h.team_id = f.team and h.kind = 'held'
  join billing_account a on a.team_id = f.team and a.kind = 'available'
where f.charged < f.amount and number = any(%(numbers)s) order by number;
insert into generations_output (generation_id, team_id, index, kind, name, preview, content_type, bytes, sha256, width,
  height, duration_ms, created_at)
select f.id, f.team, n, f.kind, f.id || '-' || n, '', 'image/png', 1, repeat('0', 64), 1, 1, null, f.ended_at
from fact f, generate_series(0, f.outputs - 1) n where f.status = 'succeeded' and number = any(%(numbers)s);
update generations_generation g set status = f.status, status_version = 4, status_at = f.ended_at, reason = f.reason,
  output_count = f.outputs, list_amount = f.list_amount, charged = f.charged, finished_at = f.ended_at,
  submitted_at = case when f.task is not null then f.accepted_at + interval '2 seconds' end, next_action_at = null,
  provider_task_id = f.task, expected_cost = f.expected, actual_cost = f.first_actual, cost_verdict = f.first_verdict
from fact f where f.id = g.id and number = any(%(numbers)s);
"""
TOLD_LATE = """
insert into generations_lateresult (generation_id, provider_task_id, sources, cost, created_at)
select id, task, '[]', actual, ended_at + interval '1 day' from fact where first_actual is distinct from actual;
update generations_generation g set actual_cost = f.actual, cost_verdict = f.verdict
from fact f where f.id = g.id and f.first_actual is distinct from f.actual;
"""


@dataclass(frozen=True)
class House:
    """The month as it stands in the database: its facts, and the rows that its numbers stand for."""

    today: date
    facts: Sequence[Fact]
    teams: Sequence[Team]
    keys: Sequence[Sequence[ApiKey]]
    granted: int  # to each team, micro-dollars

    def key_of(self, fact: Fact) -> ApiKey | None:
        return self.keys[fact.team][fact.by_key - 1] if fact.by_key else None


def identity(number: int) -> UUID:
    """The generation of a fact."""
    return UUID(int=(0x4D0 << 116) | (4 << 76) | (8 << 60) | number)


def write(*, today: date, count: int = script.COUNT) -> House:
    """Writes the month. Commits: for a database of its own."""
    facts = list(script.happens(today=today, count=count))
    start = script.first_day(today)
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 0")
        for trigger, table in PROVEN_ELSEWHERE:
            cursor.execute(f"alter table {table} disable trigger {trigger}")
        cursor.execute(CLOCK)
    _now(datetime.combine(start - timedelta(days=1), clock(12, tzinfo=UTC)))
    with transaction.atomic():
        for kind in HOUSE:  # other tests of this worker may have emptied the database that was copied
            ledger.house(kind)
        versions = _versions(start)
        teams, keys, members = _teams(GRANTED)
        _discounts(start, teams)
    rows = [_row(fact, versions, teams, keys, members) for fact in facts]
    with connection.cursor() as cursor:
        cursor.execute(FACTS)
        copy = io.StringIO("".join(rows))
        with cursor.copy("copy fact from stdin with (format text)") as into:
            into.write(copy.getvalue())
        cursor.execute("analyze fact")
    _live(facts)
    _run(TOLD_LATE)
    with connection.cursor() as cursor:
        cursor.execute("reset search_path")
        for trigger, table in PROVEN_ELSEWHERE:
            cursor.execute(f"alter table {table} enable trigger {trigger}")
        cursor.execute("drop table fact")
        cursor.execute("vacuum analyze")
    return House(today=today, facts=facts, teams=teams, keys=keys, granted=GRANTED)


def found(*, today: date) -> House:
    """The month that an earlier run has written."""
    teams = list(Team.objects.filter(name__startswith="Team ").order_by("name"))
    keys = [list(ApiKey.objects.filter(team=team).order_by("id")) for team in teams]
    return House(today=today, facts=list(script.happens(today=today)), teams=teams, keys=keys, granted=GRANTED)


def _live(facts: Sequence[Fact]) -> None:
    """Day by day: what fell due at midnight is settled first, then the day's are accepted, then settled."""
    late: list[Fact] = []
    for index, (_, group) in enumerate(groupby(facts, key=lambda fact: fact.accepted_at.date())):
        todays = list(group)
        if index in (1, 5):  # or the triggers go on with plans for empty tables
            with connection.cursor() as cursor:
                cursor.execute("analyze")
        _settle(late)
        _now(todays[0].accepted_at)
        for first in range(todays[0].number, todays[-1].number + 1, ROUND):
            _run(ACCEPT, first=first, last=min(first + ROUND - 1, todays[-1].number))
        _settle([fact for fact in todays if fact.day == fact.accepted_at.date()])
        late = [fact for fact in todays if fact.day != fact.accepted_at.date()]
    _settle(late)


def _settle(facts: Sequence[Fact]) -> None:
    """Of one ledger day: early where it was another's, else in the evening."""
    for place in range(0, len(facts), ROUND):
        part = facts[place : place + ROUND]
        early = part[0].day != part[0].accepted_at.date()
        _now(datetime.combine(part[0].day, clock(0, 0, 1) if early else clock(20), tzinfo=UTC))
        _run(SETTLE, numbers=[fact.number for fact in part])


def _run(statements: str, **values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements.split(";\n"):
            if statement.strip():
                cursor.execute(statement, values or None)


def _now(moment: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select set_config('script.now', %s, false)", [moment.isoformat()])


def _versions(start: date) -> dict[tuple[str, int], PriceVersion]:
    """The launch price of each model, and what changed."""
    found: dict[tuple[str, int], PriceVersion] = {}
    began = datetime.combine(start - timedelta(days=30), clock(0, tzinfo=UTC))
    for slug in {kind.model for kind in script.KINDS}:
        rates = dict(catalog.get(slug).rates)
        found[slug, 1] = PriceVersion.objects.create(
            slug=slug, number=1, rates=rates, effective_from=began, created_by="script", reason="launch"
        )
    for change in script.CHANGES:
        found[change.model, 2] = PriceVersion.objects.create(
            slug=change.model,
            number=2,
            rates=dict(catalog.get(change.model).rates),
            margin_ppm=change.margin,
            margins=change.margins,
            fixed=change.fixed,
            effective_from=datetime.combine(start + timedelta(days=change.day), clock(0, tzinfo=UTC)),
            created_by="script",
            reason="a change",
        )
    return found


def _teams(granted: int) -> tuple[list[Team], list[list[ApiKey]], list[Membership]]:
    teams, keys, members = [], [], []
    for number in range(script.TEAMS):
        owner = person(f"owner{number}")
        team, first, _ = team_of(f"Team {number:02}", owner, credit=granted)
        second, _ = api_keys.issue(team=team, name="second", scopes=["generate"], by=owner)
        teams.append(team)
        keys.append([first, second])
        members.append(Membership.objects.get(team=team, user=owner))
    return teams, keys, members


def _discounts(start: date, teams: Sequence[Team]) -> None:
    for number, row in enumerate(script.DISCOUNTS, start=1):
        TeamDiscount.objects.create(
            team=teams[row.team],
            model=row.model,
            number=number,
            ppm=row.ppm,
            effective_from=datetime.combine(start + timedelta(days=row.day), clock(0, tzinfo=UTC)),
            created_by="script",
            reason="a friend",
        )


def _row(
    fact: Fact,
    versions: dict[tuple[str, int], PriceVersion],
    teams: Sequence[Team],
    keys: Sequence[Sequence[ApiKey]],
    members: Sequence[Membership],
) -> str:
    """One line of COPY."""
    kind = fact.kind
    first_actual = None if fact.told_late else fact.actual
    values: list[Any] = [
        fact.number,
        identity(fact.number),
        UUID(int=identity(fact.number).int ^ 1 << 100),
        teams[fact.team].pk,
        None if fact.by_key else members[fact.team].pk,
        keys[fact.team][fact.by_key - 1].pk if fact.by_key else None,
        kind.model,
        kind.kind,
        kind.provider,
        kind.variant,
        versions[kind.model, fact.version].pk,
        fact.discount,
        json.dumps({"prompt": f"number {fact.number}", **dict(kind.input)}),
        "[]",
        fact.hold,
        kind.outputs,
        fact.accepted_at.isoformat(),
        fact.ended_at.isoformat(),
        fact.status,
        fact.reason,
        fact.outputs,
        fact.list_amount,
        fact.charged,
        kind.cost * kind.units,
        fact.expected,
        first_actual,
        "unknown" if fact.told_late else fact.verdict,
        fact.actual,
        fact.verdict,
        fact.task,
    ]
    return "\t".join("\\N" if value is None else str(value) for value in values) + "\n"
