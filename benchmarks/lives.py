"""How many short lives (accept, cancel) a second: one wallet against many, on an embedded server of its own.

    .venv/bin/python benchmarks/lives.py [--seconds 5] [--threads 8] [--rounds 3]

Prints rates and their ratio, the only figure to compare between machines (faults.md D3: at least 0.35). Runs in a
data folder of its own under .data/bench and talks to nobody.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import threading
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
os.environ["FRAMEHOUSE_MODE"] = "test"
os.environ["DATA_DIR"] = str(ROOT / ".data" / "bench")
os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
sys.path.insert(0, str(ROOT))


def prepare(teams: int) -> list[object]:
    """The schema, the catalogue, and so many teams with credit; their actors."""
    from django.core.management import call_command
    from django.db import transaction

    from accounts import keys
    from generations import offers
    from project.management.commands.create_team import make

    call_command("migrate", verbosity=0)
    with transaction.atomic():
        offers.sync()
    mark = uuid.uuid4().hex[:8]
    made = [make(name=f"bench {n}", email=f"{mark}-{n}@example.com", credit=10**12) for n in range(teams)]
    return [keys.find(str(team["api_key"])) for team in made]


def rate(actors: list[object], *, threads: int, seconds: float) -> float:
    """Lives a second over all threads."""
    from django.db import connection

    from generations import idempotency, intake, outcomes

    counts = [0] * threads
    until = time.monotonic() + seconds

    def work(number: int) -> None:
        turn = number
        try:
            while time.monotonic() < until:
                actor = actors[turn % len(actors)]
                turn += threads
                request = intake.Request(model="veo-3.1-fast", input={"prompt": "a dog"})
                generation, _ = intake.accept(
                    actor=actor,  # type: ignore[arg-type]
                    request=request,
                    render=lambda row: idempotency.Answer(201, {}, {}),
                )
                assert generation is not None
                outcomes.cancel(generation_id=generation.pk, actor="bench")
                counts[number] += 1
        finally:
            connection.close()

    crew = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    return sum(counts) / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()

    import django

    from project import embedded_postgres

    embedded_postgres.ensure_running(Path(os.environ["DATA_DIR"]) / "postgres")
    django.setup()
    actors = prepare(64)
    ratios = []
    for number in range(asked.rounds):  # in turn, so that a drifting machine touches both
        hot = rate(actors[:1], threads=asked.threads, seconds=asked.seconds)
        spread = rate(actors, threads=asked.threads, seconds=asked.seconds)
        ratios.append(hot / spread)
        print(f"round {number + 1}: one wallet {hot:.0f}/s, 64 wallets {spread:.0f}/s, ratio {hot / spread:.2f}")
    print(f"median ratio {statistics.median(ratios):.2f}, spread {min(ratios):.2f} to {max(ratios):.2f}")

    from billing import reconcile
    from generations import books

    broken = reconcile.failures(reconcile.CHECKS + books.CHECKS)
    print("books hold" if not broken else f"BROKEN: {broken}")


if __name__ == "__main__":
    main()
