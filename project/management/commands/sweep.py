"""sweep: one round of everything that is due or overdue; a second trigger beside the worker's clock."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string


class Command(BaseCommand):
    help = "Rings for what is due and ends what is overdue. Safe at any time, any number of times."

    def handle(self, *args: Any, **options: Any) -> None:
        counts = {"rung": sum(import_string(name)() for name in settings.CLOCK["ring"])}
        for name in settings.CLOCK["sweep"]:
            counts |= import_string(name)()
        self.stdout.write(", ".join(f"{name} {count}" for name, count in counts.items()))
