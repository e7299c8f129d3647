"""reconcile: what the providers charged beside what was expected and what the teams paid."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from generations.oversight import costs
from project import db
from project.money import usd


class Command(BaseCommand):
    help = "Prints charged, expected and actual cost by model and verdict, in dollars."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=1, help="how far back (1)")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = costs.costs(since=db.now() - timedelta(days=options["days"]))
        layout = "{:<8} {:<26} {:<13} {:>6} {:>12} {:>12} {:>12}"
        self.stdout.write(layout.format("provider", "model", "verdict", "count", "charged", "expected", "actual"))
        for row in rows:
            amounts = (usd(row.charged), usd(row.expected), usd(row.actual))
            self.stdout.write(layout.format(row.provider, row.model, row.verdict, row.count, *amounts))
        doubtful = sum(row.count for row in rows if row.verdict in ("over", "unknown", "unattributed"))
        self.stdout.write(f"{sum(row.count for row in rows)} ended, {doubtful} to look at")
