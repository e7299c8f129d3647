"""The sandbox provider as a process of its own (design section 9)."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from generations import sandbox


class Command(BaseCommand):
    help = "Runs the sandbox provider. Its own options follow, see `python -m generations.sandbox --help`."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("arguments", nargs=argparse.REMAINDER)

    def run_from_argv(self, argv: list[str]) -> None:
        """Hands all that follows `sandbox` over: the sandbox stands alone and reads its own options."""
        sys.exit(sandbox.main(argv[2:]))

    def handle(self, *args: Any, **options: Any) -> None:
        sandbox.main(options["arguments"])
