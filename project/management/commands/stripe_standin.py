"""The stand-in for Stripe as a process of its own."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from billing import standin


class Command(BaseCommand):
    help = "Runs the stand-in for Stripe. Its own options follow, see `python -m billing.standin --help`."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("arguments", nargs=argparse.REMAINDER)

    def run_from_argv(self, argv: list[str]) -> None:
        """Hands all that follows `stripe_standin` over: it stands alone and reads its own options."""
        sys.exit(standin.main(argv[2:]))

    def handle(self, *args: Any, **options: Any) -> None:
        standin.main(options["arguments"])
