"""The worker: clusters for every lane under a supervisor (design section 8)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from project import checks
from project.supervisor import Pace, Supervisor


class Command(BaseCommand):
    help = "Runs the workers and the clock, replaces stalled clusters, stops all on SIGTERM or Ctrl-C."
    requires_system_checks = [checks.QUEUE]  # not all: loading every page costs a second of each start

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--ring-every", type=float, default=Pace.ring_every, help="seconds between rings")
        parser.add_argument("--sweep-every", type=float, default=Pace.sweep_every, help="seconds between sweeps")
        parser.add_argument("--beat-every", type=float, default=Pace.beat_every, help="seconds between beats")
        parser.add_argument("--stale-after", type=float, help="seconds without a beat (default: by lane)")
        parser.add_argument("--grace", type=float, help="seconds to let jobs end on a stop (default: by lane)")

    def handle(self, *args: Any, **options: Any) -> None:
        pace = Pace(
            ring_every=options["ring_every"],
            sweep_every=options["sweep_every"],
            beat_every=options["beat_every"],
            stale_after=options["stale_after"],
            grace=options["grace"],
        )
        Supervisor(pace).run()
