"""sync_catalog: lists every model of the catalogue and gives new ones their launch price."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from generations import offers


class Command(BaseCommand):
    help = "Lists every model of the catalogue; what has no price yet gets its launch price. Changes nothing else."

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic(durable=True):
            counts = offers.sync()
        self.stdout.write(", ".join(f"{name} {count}" for name, count in counts.items()))
