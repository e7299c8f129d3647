"""reconcile: takes bills, settles, compares yesterday; what providers charged beside what was expected and charged."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from generations import providers
from generations.oversight import balance_chores, bills, scopes, usage_settle, verdict_sums
from generations.oversight.balance_pages import at_providers
from generations.oversight.sums import Sums
from project import db
from project.money import usd

LAYOUT = "{:<8} {:<13} {:>8} {:>14} {:>14} {:>14}"
DOUBTFUL = ("over", "unknown", "unattributed")


class Command(BaseCommand):
    help = (
        "Takes the daily bills that are due and sets the costs that bills say, compares yesterday's balances, and opens"
        " cases for what does not fit; then prints count, charged, expected and actual cost by verdict, in dollars."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=1, help="figures of today and so many days before (1)")

    def handle(self, *args: Any, **options: Any) -> None:
        today = db.now().astimezone(UTC).date()
        for provider in providers.PROVIDERS:
            for day in bills.due(provider):
                taken = bills.take_day(provider=provider, day=day)
                said = f"taken, {taken.row_count} rows" if taken else "not there yet"
                self.stdout.write(f"{provider}: the bill of {day} is {said}")
            usage_settle.settle_ended(provider=provider)
            balance_chores.close_day(provider=provider, day=today - timedelta(days=1))
        for at in at_providers():
            if at.day is None:
                self.stdout.write(f"{at.provider}: no day has been compared")
            else:
                gap = f"{'-' if at.day.gap < 0 else ''}{usd(abs(at.day.gap))}"
                self.stdout.write(f"{at.provider}: {at.day.day} has a gap of {gap}, known charges {usd(at.day.known)}")
        self._figures(scopes.Scope(today - timedelta(days=options["days"]), today))

    def _figures(self, scope: scopes.Scope) -> None:
        found: dict[tuple[str, str], list[Sums]] = {}
        for group in verdict_sums.of_scope(scope):
            found.setdefault((group.provider, group.verdict), []).append(group.sums)
        self.stdout.write(LAYOUT.format("provider", "verdict", "count", "charged", "expected", "actual"))
        for (provider, verdict), parts in sorted(found.items()):
            row = Sums.total(parts)
            amounts = (usd(row.revenue), usd(row.expected), usd(row.actual))
            self.stdout.write(LAYOUT.format(provider, verdict, row.ended, *amounts))
        ended = {key: Sums.total(parts).ended for key, parts in found.items()}
        doubtful = sum(count for (_, verdict), count in ended.items() if verdict in DOUBTFUL)
        self.stdout.write(f"{sum(ended.values())} ended, {doubtful} to look at")
