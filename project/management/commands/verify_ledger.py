"""verify_ledger: recomputes everything and exits non-zero at the first lie (design section 5)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import reconcile
from generations import books


class Command(BaseCommand):
    help = "Recomputes every balance, hold and charge. Exits 1 when one does not hold."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clear-alarm-as", metavar="NAME", help="clear the alarm, when all is sound again")

    def handle(self, *args: Any, **options: Any) -> None:
        checks = reconcile.CHECKS + books.CHECKS
        broken = reconcile.watch(checks)
        for name, _ in checks:
            self.stdout.write(f"{'BROKEN' if name in broken else 'ok    '} {name}")
        if broken:
            raise CommandError(f"{len(broken)} of {len(checks)} checks do not hold; new generations are stopped.")
        if options["clear_alarm_as"]:
            cleared = reconcile.clear(by=options["clear_alarm_as"])
            self.stdout.write(f"alarms cleared: {cleared}")
