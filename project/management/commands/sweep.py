"""sweep: one round of everything that is due or overdue; a second trigger beside the worker's clock."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from generations import sweeps


class Command(BaseCommand):
    help = "Rings for what is due and ends what is overdue. Safe at any time, any number of times."

    def handle(self, *args: Any, **options: Any) -> None:
        counts = {"rung": sweeps.ring_due(), **sweeps.sweep()}
        self.stdout.write(", ".join(f"{name} {count}" for name, count in counts.items()))
