"""The staff's desks at 10,000 and 1,000,000 generations, each on an embedded server of its own.

    .venv/bin/python benchmarks/oversight.py [--largest 1000000] [--rounds 5] [--explain NAME]

Prints milliseconds of each page through its view, of which how much in the database, and how the largest compares with
the smallest. The goal is 200 ms at 1,000,000. The rows are copies of a real one, written past the guards
(300 teams, three kinds of keys, every model and variant, 365 days), then added up and folded as the
house does it; they stay in .data/bench-oversight-* for the next run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

SMALLEST, TEAMS, DAYS, GOAL = 10_000, 300, 365, 200

COPIES = """
insert into generations_generation ({columns})
select {values} from generations_generation g, bench_teams t, lateral (
  select n, g.created_at - random() * {days} * interval '1 day' as at, random() as dice, random() as other,
    random() as told, 1 + floor(random() * 4)::int as which
  from generate_series(1, t.count) n) x join bench_kinds k on x.dice >= k.low and x.dice < k.high
where g.id = %(source)s
"""
STATUS = "case when other < 0.94 then 'succeeded' when other < 0.99 then 'failed' else 'canceled' end"
ACTUAL = """case when other >= 0.94 or told > 0.9 then null when told < 0.85 then k.cost when told < 0.88
  then k.cost * 11 / 10 else k.cost * 9 / 10 end"""
VERDICT = """case when other >= 0.99 then 'none' when other >= 0.98 then 'unattributed' when other >= 0.94 then 'none'
  when told > 0.9 then 'unknown' when told < 0.85 then 'matched' when told < 0.88 then 'over' else 'under' end"""
TOKENS = "1 + floor(random() * 20000)::int"  # what a text cost, each another
CHANGED = {
    "id": "gen_random_uuid()",
    "team_id": "t.team",
    "created_at": "at",
    "finished_at": "at + interval '90 seconds'",
    "submitted_at": "at",
    "next_action_at": "null",
    "model": "k.model",
    "provider": "k.provider",
    "kind": "k.kind",
    "variant": "k.variant",
    "price_version_id": "k.version",
    "list_amount": f"case when {STATUS} <> 'succeeded' then null when k.kind = 'text' then {TOKENS} else k.listed end",
    "status": STATUS,
    "status_version": "4",
    "reason": f"case when {STATUS} = 'failed' then 'provider_failed' else '' end",
    "membership_id": "null",
    "api_key_id": "t.keys[which]",  # the fourth is none
    "hold_id": "gen_random_uuid()",
    "quote_id": "null",
    "provider_task_id": "gen_random_uuid()::text",
    "output_count": "1",
    "charged": f"case when {STATUS} = 'succeeded' then k.price else 0 end",
    "expected_cost": "k.cost",
    "actual_cost": ACTUAL,
    "cost_verdict": VERDICT,
}

BILLS = """
set local statement_timeout = 0; set local session_replication_role = replica; select setseed(0.5);
insert into generations_usageimport (provider, file_name, sha256, covers_from, covers_until, row_count, amount,
    imported_by, imported_at)
  select 'fal', 'events of ' || day, md5(day::text), day at time zone 'UTC', (day + 1) at time zone 'UTC', 0, 0,
    'system', now()
  from (select current_date - n as day from generate_series(1, {days}) n) d;
insert into generations_usagerow (usage_import_id, provider, task_id, model, amount, charged_at, generation_id)
  select i.id, 'fal', g.provider_task_id, g.model, coalesce(g.actual_cost, 0), g.finished_at,
    case when random() < 0.999 then g.id end
  from generations_generation g join generations_usageimport i
    on g.finished_at >= i.covers_from and g.finished_at < i.covers_until
  where g.provider = 'fal' and random() < 0.999
"""


def prepare(size: int) -> None:
    """The rows; what is there already stays."""
    from django.core.management import call_command
    from django.db import connection, transaction

    from generations import offers
    from generations.models import Generation, UsageRow

    call_command("migrate", verbosity=0)
    with transaction.atomic():
        offers.sync()
    if Generation.objects.count() < size * 9 // 10:  # shares are rounded
        write(size)
    if not UsageRow.objects.exists():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(BILLS.format(days=DAYS))
    with connection.cursor() as cursor:
        cursor.execute("set statement_timeout = 0")
        cursor.execute("vacuum analyze")  # as autovacuum does
        cursor.execute("reset statement_timeout")


def write(size: int) -> None:
    """The generations and their sums."""
    from django.db import connection, transaction

    from accounts.models import Team
    from generations.models import Generation

    begun = time.perf_counter()
    source = start()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 0; set local maintenance_work_mem = '256MB'")
        spread(cursor, list(Team.objects.order_by("pk")), size)
        cursor.execute(
            "select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i"
            " where indrelid = 'generations_generation'::regclass and not indisprimary and not exists"
            " (select from pg_constraint c where c.conindid = i.indexrelid)"
        )
        indexes = cursor.fetchall()
        for name, _ in indexes:  # built at the end: many times faster
            cursor.execute(f"drop index {name}")
        columns = [field.column for field in Generation._meta.concrete_fields]
        values = ", ".join(CHANGED.get(each, f'g."{each}"') for each in columns)
        names = ", ".join(f'"{each}"' for each in columns)
        cursor.execute("set local session_replication_role = replica; select setseed(0.5)")
        cursor.execute(COPIES.format(columns=names, values=values, days=DAYS), {"source": source.pk})
        cursor.execute("set local session_replication_role = origin")
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("set constraints all immediate; select generations_recount_costs()")
        cursor.execute("select generations_fold_costs(current_date - 1)")
        for name in ("costday", "modelday", "teamday", "teammonth"):
            cursor.execute(f"select count(*) from generations_{name}")
            print(f"{name}: {cursor.fetchone()[0]:,} rows", file=sys.stderr)
    print(f"{size:,} prepared in {time.perf_counter() - begun:.0f} s", file=sys.stderr)


def start() -> Any:
    """The teams, each with three keys, and one generation, which is returned."""
    from accounts import keys, roles
    from accounts.actors import Actor
    from accounts.models import Membership, Team
    from accounts.roles import of_role
    from generations import idempotency, intake
    from project.management.commands.create_team import make

    known = set(Team.objects.values_list("name", flat=True))  # of a run that was stopped
    for number in range(TEAMS):
        if f"Team {number}" in known:
            continue
        make(name=f"Team {number}", email=f"owner-{number}@example.com", credit=10**9)
        mine = Membership.objects.select_related("team", "user").get(team__name=f"Team {number}")
        for extra in ("two", "three"):
            keys.issue(team=mine.team, name=f"key {extra}", scopes=list(roles.SCOPES), by=mine.user)
    mine = Membership.objects.select_related("team", "user").get(team__name=f"Team {TEAMS - 1}")
    made, _ = intake.accept(
        actor=Actor(team=mine.team, permissions=of_role(mine.role), membership=mine),
        request=intake.Request(model="veo-3.1-fast", input={"prompt": "the newest of all"}),
        render=lambda row: idempotency.Answer(201, {}, {}),
    )
    return made


def spread(cursor: Any, teams: list[Any], size: int) -> None:
    """How many rows of each team and of each variant: the nth has a share of 1/n."""
    from accounts.models import ApiKey
    from generations import catalog, offers, pricing

    kinds: list[tuple[str, str, str, str, int, int, int, int]] = []
    prices = offers.current_prices()
    for entry in sorted(catalog.ENTRIES.values(), key=lambda entry: entry.position):
        known = set()
        for sample in entry.samples():
            variant = entry.variant(sample)
            if variant not in known:
                known.add(variant)
                book = offers.book_of(prices[entry.slug])
                price = pricing.quote(entry, sample, book).total
                listed = sum(line.amount for line in entry.lines(sample, book.listed))
                cost = entry.expected_cost(sample, entry.outputs(sample))
                named = (entry.slug, entry.provider, entry.kind, variant)
                kinds.append((*named, price, cost, prices[entry.slug].pk, listed))
    cursor.execute(
        "create temp table bench_kinds (low float, high float, model text, provider text, kind text, variant text,"
        " price bigint, cost bigint, version bigint, listed bigint) on commit drop"
    )
    whole, below = sum(1 / place for place in range(1, len(kinds) + 1)), 0.0
    for place, kind in enumerate(kinds, 1):
        above = 1.0 if place == len(kinds) else below + 1 / place / whole
        cursor.execute("insert into bench_kinds values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)", (below, above, *kind))
        below = above
    cursor.execute("create temp table bench_teams (team bigint, count int, keys bigint[]) on commit drop")
    shares = sum(1 / place for place in range(1, len(teams) + 1))
    for place, team in enumerate(teams, 1):
        mine = list(ApiKey.objects.filter(team=team).order_by("pk").values_list("pk", flat=True))[:3]
        cursor.execute("insert into bench_teams values (%s, %s, %s)", (team.pk, int(size / place / shares), mine))


def pages() -> dict[str, str]:
    """What is asked for, by name."""
    from django.utils import timezone

    from accounts.models import ApiKey, Team
    from generations.oversight import scopes

    teams = Team.objects.order_by("pk")
    large, small = teams[0], teams[TEAMS // 2]
    today = timezone.now().date()
    month, year = (
        f"from={first}&to={today}"
        for first in (scopes.presets(today)["30 days"][0], today.replace(year=today.year - 1))
    )
    key = ApiKey.objects.filter(team=large).order_by("pk")[0].public_id
    found = {}
    for name, days in (("month", month), ("year", year)):
        found |= {
            name: f"/admin/costs?{days}",
            f"{name}, least margin": f"/admin/costs?{days}&sort=margin",
            f"{name}, a provider": f"/admin/costs?{days}&provider=kie",
            f"{name}, a model": f"/admin/costs?{days}&model=veo-3.1-fast",
            f"{name}, a large team": f"/admin/costs?{days}&team={large.public_id}",
            f"{name}, a small team": f"/admin/costs?{days}&team={small.public_id}",
            f"{name}, a key": f"/admin/costs?{days}&key={key}",
            f"{name}, all teams": f"/admin/costs/by/team?{days}",
            f"{name}, generations": f"/admin/costs/generations?{days}",
            f"{name}, over": f"/admin/costs/generations?{days}&verdict=over",
            f"{name}, matched": f"/admin/costs/generations?{days}&verdict=matched",
            f"{name}, failed": f"/admin/costs/generations?{days}&status=failed",
            f"{name}, large team's": f"/admin/costs/generations?{days}&team={large.public_id}",
            f"{name}, small team's": f"/admin/costs/generations?{days}&team={small.public_id}",
            f"{name}, a key's": f"/admin/costs/generations?{days}&key={key}",
            f"{name}, reconciled": f"/admin/reconciliation?{days}",
            f"{name}, never charged": f"/admin/reconciliation/tasks/never-charged?{days}",
        }
    for desk in ("operations", "operations/providers", "teams", f"teams/{large.public_id}", "prices", "alerts"):
        found[desk] = f"/admin/{desk}"
    found |= {f"what if, {days} days": f"/admin/prices/what-if?days={days}" for days in (30, 366)}
    return found


def measure(client: Any, address: str) -> tuple[float, float]:
    """Milliseconds of a page, and of its queries alone."""
    from django.db import connection

    spent = 0.0

    def timed(execute: Callable[..., Any], *rest: Any) -> Any:
        nonlocal spent
        begun = time.perf_counter()
        try:
            return execute(*rest)
        finally:
            spent += time.perf_counter() - begun

    with connection.execute_wrapper(timed):
        begun = time.perf_counter()
        response = client.get(address)
        whole = time.perf_counter() - begun
    assert response.status_code == 200, (address, response.status_code)
    return whole * 1000, spent * 1000


def explain(client: Any, address: str) -> None:
    """The plans of a page's queries that take more than 5 ms."""
    from django.db import connection

    seen: list[tuple[str, Any]] = []

    def noted(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            if time.perf_counter() - begun > 0.005:
                seen.append((sql, params))

    with connection.execute_wrapper(noted):
        client.get(address)
    with connection.cursor() as cursor:
        for sql, params in seen:
            cursor.execute("explain (analyze, buffers) " + sql, params)
            print(sql[:300], *(row[0] for row in cursor.fetchall()), sep="\n  ", end="\n\n")


def of_size(size: int, rounds: int, explained: str) -> None:
    """The child: one size, its figures as JSON."""
    os.environ["FRAMEHOUSE_MODE"] = "test"
    os.environ["DATA_DIR"] = str(ROOT / ".data" / f"bench-oversight-{size}")
    os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
    import django

    from project import embedded_postgres

    embedded_postgres.ensure_running(Path(os.environ["DATA_DIR"]) / "postgres")
    django.setup()
    from allauth.account.internal.flows.login import record_authentication
    from allauth.mfa.models import Authenticator
    from django.conf import settings
    from django.http import HttpRequest
    from django.test import Client

    from accounts.models import User

    settings.ALLOWED_HOSTS = ["testserver"]
    prepare(size)
    root, made = User.objects.get_or_create(email="root@example.com", defaults={"is_staff": True, "is_superuser": True})
    if made:
        Authenticator.objects.create(user=root, type=Authenticator.Type.TOTP, data={"secret": "none"})
    client = Client()
    client.force_login(root, backend="allauth.account.auth_backends.AuthenticationBackend")
    request = HttpRequest()
    request.session, request.user = client.session, root
    record_authentication(request, root, method="mfa", reauthenticated=True)
    request.session.save()
    asks = pages()
    if explained:
        explain(client, asks[explained])
        return
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in asks}
    for turn in range(rounds + 1):
        for name, address in asks.items():
            found = measure(client, address)
            if turn:  # the first warms
                taken[name].append(found)
    print(
        json.dumps(
            {name: [statistics.median(each) for each in zip(*rows, strict=True)] for name, rows in taken.items()}
        )
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--explain", default="")
    parser.add_argument("--size", type=int, default=0, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.size or asked.explain:
        of_size(asked.size or asked.largest, asked.rounds, asked.explain)
        return
    sizes = sorted({min(SMALLEST, asked.largest), asked.largest})
    found = []
    for size in sizes:
        command = [sys.executable, __file__, "--size", str(size), "--rounds", str(asked.rounds)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ourselves
        found.append(json.loads(done.stdout.splitlines()[-1]))
    print(f"{'milliseconds (in the database)':30}" + "".join(f"{size:>18,}" for size in sizes) + "   ratio")
    for name, first in found[0].items():
        last = found[-1][name]
        cells = "".join(f"{each[name][0]:10.1f} ({each[name][1]:5.1f})" for each in found)
        print(f"{name:30}{cells} {last[0] / first[0]:7.2f}")
    above = {name: each[0] for name, each in found[-1].items() if each[0] > GOAL}
    print(f"at {sizes[-1]:,} {len(found[-1]) - len(above)} of {len(found[-1])} pages are within {GOAL} ms")
    for name, taken in above.items():
        print(f"  {name}: {taken:.0f} ms")


if __name__ == "__main__":
    main()
