"""What the limits cost a request: takes alone, and GET /key with them and without, on an embedded server of its own.

    .venv/bin/python benchmarks/limits.py [--times 300] [--rounds 5]

Prints milliseconds and their ratio, the only figure to compare between machines. Runs in a data folder of its own
under .data/bench and talks to nobody.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ["FRAMEHOUSE_MODE"] = "test"
os.environ["DATA_DIR"] = str(ROOT / ".data" / "bench")
os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
os.environ |= dict.fromkeys(("RATE_LIMIT_KEY", "RATE_LIMIT_TEAM"), "1000000/60")
sys.path.insert(0, str(ROOT))


def milliseconds(call: Callable[[], object], times: int) -> float:
    """The median of so many calls."""
    took = []
    for _ in range(times):
        begun = time.perf_counter()
        call()
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()

    import django

    from project import embedded_postgres

    embedded_postgres.ensure_running(Path(os.environ["DATA_DIR"]) / "postgres")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    compare(asked.times, asked.rounds)


def compare(times: int, rounds: int) -> None:
    """Prints takes of a key and its team, refused takes, and a whole request, beside one `SELECT 1`."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    from accounts import keys, roles
    from accounts.models import Team
    from project import limits
    from project.limit_settings import Policy
    from project.management.commands.create_team import make

    mark = uuid.uuid4().hex[:8]
    make(name=f"bench {mark}", email=f"{mark}@example.com", credit=10**9)
    team = Team.objects.get(name=f"bench {mark}")
    _, text = keys.issue(team=team, name="bench", scopes=list(roles.SCOPES), by=None)
    wide = [(Policy("bench", 10**6, 60), mark), (Policy("bench-team", 10**6, 60), mark)]
    full = [(Policy("bench-full", 1, 3600), mark)]
    client = Client()

    def select() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    def ask() -> None:
        answer = client.get("/api/v1/key", headers={"Authorization": f"Bearer {text}"})
        assert answer.status_code == 200, answer.content

    of_select, of_request = [], []
    for _ in range(rounds):  # in turn, so that a drifting machine touches all
        settings.ALLOWED_HOSTS = ["testserver"]
        nothing = milliseconds(select, times)
        take = milliseconds(lambda: limits.take_all(wide), times)
        refused = milliseconds(lambda: limits.take_all(full), times)
        request = milliseconds(ask, times)
        of_select.append(take / nothing)
        of_request.append(take / request)
        print(f"SELECT 1 {nothing:.2f} ms, take {take:.2f} ms, refused {refused:.2f} ms, GET /key {request:.2f} ms")
    print(f"median ratios: take to SELECT 1 {statistics.median(of_select):.1f}, take to GET /key", end=" ")
    print(f"{statistics.median(of_request):.2f}")


if __name__ == "__main__":
    main()
