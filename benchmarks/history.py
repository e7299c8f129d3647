"""Pages of the history for teams of 1,000 to 1,000,000 generations, on an embedded server of its own.

    .venv/bin/python benchmarks/history.py [--largest 1000000] [--others 300000] [--rounds 9] [--explain NAME]

Prints milliseconds of each page through its view, of which how much in the database, and how the largest team's
compare with the smallest's: the only figures to compare between machines. First and next page are to be within 1.5x.
The rows are copies of a real one, written past the guards; they stay in .data/bench-history for the next run.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
os.environ["FRAMEHOUSE_MODE"] = "test"
os.environ["DATA_DIR"] = str(ROOT / ".data" / "bench-history")
os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
sys.path.insert(0, str(ROOT))

SMALLEST, OF_OTHERS, PEOPLE, YEAR = 1_000, 5_000, 5, 365 * 86400

# Row n of a team: the newest is 0. Most succeed, a model and a member make most of them, one model hardly any.
# `light` stands in most prompts, `zebra` in five old ones, `word1234` in about one of five thousand.
COPIES = """
insert into generations_generation ({columns})
select {values} from generations_generation g, lateral (
  select n, g.created_at - n * (%(span)s / %(count)s::float) * interval '1 second' as at,
         hashint4(n) & 1023 as dice, hashint4(n + 7) & 1023 as other
  from generate_series(1, %(count)s) n) x
where g.id = %(source)s
"""
MODEL = """case when dice < 600 then 'veo-3.1-fast' when dice < 900 then 'nano-banana-pro'
  when mod(n, 1000) = 0 then 'flux-kontext-max' else 'seedream-v4-edit' end"""
STATUS = "case when other < 950 then 'succeeded' when other < 1000 then 'failed' else 'canceled' end"
CHANGED = {
    "id": "gen_random_uuid()",
    "created_at": "at",
    "input": """jsonb_build_object('prompt', case when other < 800 then 'A fox in soft light' else 'A quiet street' end
      || case when n > %(count)s * 0.9 and mod(n, greatest(%(count)s / 50, 1)) = 0 then ' with a zebra' else '' end
      || ' word' || (hashint4(n + 3) & 8191) || ' seen by word' || (hashint4(n + 4) & 8191) || ', number ' || n)""",
    "model": MODEL,
    "kind": "case when dice < 600 then 'video' else 'image' end",
    "status": STATUS,
    "reason": f"case when {STATUS} = 'failed' then 'provider_failed' else '' end",
    "membership_id": "case when other < 200 then null else (%(people)s::bigint[])[1 + mod(dice, 5)] end",
    "api_key_id": "case when other < 200 then %(key)s else null end",
    "hold_id": "gen_random_uuid()",
    "provider_task_id": "gen_random_uuid()::text",
    "status_version": "4",
    "output_count": "1",
    "next_action_at": "null",
    "finished_at": "at",
    "charged": f"case when {STATUS} = 'succeeded' then 300000 else 0 end",
}
OUTPUTS = """
insert into generations_output (generation_id, team_id, index, kind, name, preview, content_type, bytes, sha256, width,
  height, duration_ms)
select id, team_id, 0, kind, id || '.mp4', id || '.webp', 'video/mp4', 4096, repeat('0', 64), 1280, 720, 5000
from generations_generation where team_id = %(team)s and status = 'succeeded'
"""
LABELS = """
insert into generations_favourite (team_id, membership_id, generation_id)
select team_id, %(me)s, id from generations_generation where team_id = %(team)s and mod(hashtext(id::text), 500) = 1;
insert into generations_tagging (team_id, tag_id, generation_id, created_by)
select team_id, %(few)s, id, 'bench' from generations_generation
  where team_id = %(team)s and mod(hashtext(id::text), 500) = 2;
insert into generations_tagging (team_id, tag_id, generation_id, created_by)
select team_id, %(many)s, id, 'bench' from generations_generation
  where team_id = %(team)s and mod(hashtext(id::text), 10) = 3
"""


def prepare(sizes: list[int], others: int) -> dict[int, Any]:
    """The teams with their rows, by size; what is there already stays."""
    from django.core.management import call_command
    from django.db import connection, transaction

    from accounts.models import Team
    from generations import offers

    call_command("migrate", verbosity=0)
    with transaction.atomic():
        offers.sync()
    missing = [size for size in sizes if not Team.objects.filter(name=f"history {size}").exists()]
    some = max(0, others // OF_OTHERS - Team.objects.filter(name__startswith="other ").count())
    if missing or some:
        begun = time.perf_counter()
        sources = [(start(f"history {size}", people=PEOPLE), size) for size in missing]
        sources += [(start(f"other {time.time_ns()}", people=1), OF_OTHERS) for _ in range(some)]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("set local statement_timeout = 0; set local maintenance_work_mem = '256MB'")
            cursor.execute(
                "select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) from pg_index i"
                " where indrelid = 'generations_generation'::regclass and not indisprimary and not exists"
                " (select from pg_constraint c where c.conindid = i.indexrelid)"
            )
            indexes = cursor.fetchall()
            for name, _ in indexes:  # built at the end: many times faster
                cursor.execute(f"drop index {name}")
            for source, size in sources:
                fill(source, size)
            for _, definition in indexes:
                cursor.execute(definition)
            for source, _ in sources:  # by the indexes
                adorn(source)
        with connection.cursor() as cursor:
            cursor.execute("set statement_timeout = 0")
            cursor.execute("vacuum analyze")
            cursor.execute("reset statement_timeout")
        print(f"prepared in {time.perf_counter() - begun:.0f} s")
    return {size: Team.objects.get(name=f"history {size}") for size in sizes}


def start(name: str, *, people: int) -> Any:
    """A team with so many people, a key, two tags and one generation, which is returned."""
    from accounts.actors import Actor
    from accounts.models import Membership, Role, User
    from accounts.roles import of_role
    from generations import idempotency, intake
    from generations.models import Tag
    from project.management.commands.create_team import make

    slug = name.replace(" ", "-")
    make(name=name, email=f"{slug}@example.com", credit=10**12)
    me = Membership.objects.select_related("team", "user").get(team__name=name)
    for number in range(1, people):
        user = User.objects.create(email=f"{slug}-{number}@example.com")
        Membership.objects.create(team=me.team, user=user, role=Role.MEMBER)
    for tag in ("few", "many"):
        Tag.objects.create(team=me.team, name=tag, created_by="bench")
    made, _ = intake.accept(
        actor=Actor(team=me.team, permissions=of_role(me.role), membership=me),
        request=intake.Request(model="veo-3.1-fast", input={"prompt": "the newest of all"}),
        render=lambda row: idempotency.Answer(201, {}, {}),
    )
    return made


def fill(source: Any, count: int) -> None:
    """So many copies of a generation."""
    from django.db import connection

    from accounts.models import ApiKey, Membership
    from generations.models import Generation

    people = list(Membership.objects.filter(team=source.team).order_by("pk").values_list("pk", flat=True))
    key = ApiKey.objects.get(team=source.team)
    columns = [field.column for field in Generation._meta.concrete_fields]
    values = ", ".join(CHANGED.get(each, f'g."{each}"') for each in columns)
    names = ", ".join(f'"{each}"' for each in columns)
    given = {"count": count, "span": YEAR, "source": source.pk, "people": (people * PEOPLE)[:PEOPLE], "key": key.pk}
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(COPIES.format(columns=names, values=values), given)
        cursor.execute("set local session_replication_role = origin")


def adorn(source: Any) -> None:
    """Outputs, favourites and tags for the copies of a generation."""
    from django.db import connection

    from generations.models import Tag

    few, many = Tag.objects.filter(team=source.team).order_by("name").values_list("pk", flat=True)
    given = {"team": source.team_id, "me": source.membership_id, "few": few, "many": many}
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")
        cursor.execute(OUTPUTS, given)
        cursor.execute(LABELS, given)
        cursor.execute("set local session_replication_role = origin")


def pages(team: Any, size: int) -> dict[str, str]:
    """What is asked for, by name."""
    from accounts.models import ApiKey
    from generations.models import Generation

    rows = Generation.objects.filter(team=team).order_by("-created_at", "-id")
    second, deep, last = rows[11], rows[int(size * 0.9)], rows[size - 5]
    days = f"from={deep.created_at:%Y-%m-%d}&to={deep.created_at:%Y-%m-%d}"
    key = ApiKey.objects.get(team=team).public_id
    live = "&".join(f"rows={row.public_id}:0" for row in rows[:100])
    return {
        "first page": "/history",
        "next page": f"/history?before={second.public_id}",
        "deep page": f"/history?before={deep.public_id}",
        "last page": f"/history?before={last.public_id}",
        "back from deep": f"/history?after={deep.public_id}",
        "table": "/history?view=table",
        "succeeded": "/history?status=succeeded",
        "failed, deep": f"/history?status=failed&before={deep.public_id}",
        "under way": "/history?status=open",
        "queued": "/history?status=queued",
        "images": "/history?kind=image",
        "common model": "/history?model=veo-3.1-fast",
        "rare model": "/history?model=flux-kontext-max",
        "no such rows": "/history?model=kling-2.1-pro",
        "member": f"/history?member=history-{size}-1@example.com",
        "key": f"/history?key={key}",
        "a day": f"/history?{days}",
        "favourites": "/history?favourite=1",
        "tag on few": "/history?tag=few",
        "tag on many": "/history?tag=many",
        "tag, deep": f"/history?tag=few&before={deep.public_id}",
        "common word": "/history?q=light",
        "common, deep": f"/history?q=light&before={deep.public_id}",
        "common, last": f"/history?q=light&before={last.public_id}",
        "rare word": "/history?q=zebra",
        "rare beginning": "/history?q=zeb",
        "word of few": "/history?q=word1234",
        "no such word": "/history?q=quagga",
        "all but a word": "/history?q=-light",
        "word and model": "/history?q=light&model=flux-kontext-max",
        "rare and model": "/history?q=zebra&model=veo-3.1-fast&status=succeeded",
        "member and key": f"/history?key={key}&member=history-{size}-1@example.com",
        "two that meet rarely": "/history?status=canceled&model=flux-kontext-max",
        "live, 100 rows": f"/history/live?{live}",
    }


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--largest", type=int, default=1_000_000)
    parser.add_argument("--others", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--explain", default="")
    asked = parser.parse_args()
    sizes = [size for size in (SMALLEST, 10_000, 100_000, 1_000_000) if size <= asked.largest]

    import django

    from project import embedded_postgres

    embedded_postgres.ensure_running(Path(os.environ["DATA_DIR"]) / "postgres")
    django.setup()
    from django.conf import settings
    from django.test import Client

    from accounts.models import User

    settings.ALLOWED_HOSTS = ["testserver"]
    teams = prepare(sizes, asked.others)
    clients, asks = {}, {}
    for size, team in teams.items():
        clients[size], asks[size] = Client(), pages(team, size)
        owner = User.objects.get(email=f"history-{size}@example.com")
        clients[size].force_login(owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    if asked.explain:
        explain(clients[sizes[-1]], asks[sizes[-1]][asked.explain])
        return
    print(f"{'milliseconds (in the database)':26}" + "".join(f"{size:>16,}" for size in sizes) + "   ratio")
    ratios = {}
    for name in asks[sizes[0]]:
        taken: dict[int, list[tuple[float, float]]] = {size: [] for size in sizes}
        for turn in range(asked.rounds + 1):  # in turn, so that a drifting machine touches all
            for size in sizes:
                found = measure(clients[size], asks[size][name])
                if turn:  # the first warms
                    taken[size].append(found)
        whole = {size: statistics.median(each[0] for each in taken[size]) for size in sizes}
        queries = {size: statistics.median(each[1] for each in taken[size]) for size in sizes}
        ratios[name] = whole[sizes[-1]] / whole[sizes[0]]
        cells = "".join(f"{whole[size]:8.1f} ({queries[size]:5.1f})" for size in sizes)
        print(f"{name:26}{cells} {ratios[name]:7.2f}")
    worst = max(max(ratios[name], 1 / ratios[name]) for name in ("first page", "next page"))
    print(f"first and next page, {sizes[0]:,} to {sizes[-1]:,}: within {worst:.2f}x of each other")


if __name__ == "__main__":
    main()
