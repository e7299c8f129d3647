"""reconcile: compares yesterday's balances; what providers charged beside what was expected and what teams paid."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from generations import providers
from generations.oversight import balance_chores, costs
from generations.oversight.balance_pages import at_providers
from project import db
from project.money import usd


class Command(BaseCommand):
    help = "Compares yesterday's balances; prints charged, expected and actual cost by model and verdict, in dollars."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=1, help="how far back (1)")

    def handle(self, *args: Any, **options: Any) -> None:
        yesterday = db.now().astimezone(UTC).date() - timedelta(days=1)
        for provider in providers.PROVIDERS:
            balance_chores.close_day(provider=provider, day=yesterday)
        for at in at_providers():
            if at.day is None:
                self.stdout.write(f"{at.provider}: no day has been compared")
            else:
                gap = f"{'-' if at.day.gap < 0 else ''}{usd(abs(at.day.gap))}"
                self.stdout.write(f"{at.provider}: {at.day.day} has a gap of {gap}, known charges {usd(at.day.known)}")
        rows = costs.costs(since=db.now() - timedelta(days=options["days"]))
        layout = "{:<8} {:<26} {:<13} {:>6} {:>12} {:>12} {:>12}"
        self.stdout.write(layout.format("provider", "model", "verdict", "count", "charged", "expected", "actual"))
        for row in rows:
            amounts = (usd(row.charged), usd(row.expected), usd(row.actual))
            self.stdout.write(layout.format(row.provider, row.model, row.verdict, row.count, *amounts))
        doubtful = sum(row.count for row in rows if row.verdict in ("over", "unknown", "unattributed"))
        self.stdout.write(f"{sum(row.count for row in rows)} ended, {doubtful} to look at")
