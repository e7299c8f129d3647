"""Writes the OpenAPI document into docs/ (make openapi); with --release it becomes what customers are promised."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from project import openapi_changes
from project.openapi_views import compact, published, written


class Command(BaseCommand):
    help = "Writes docs/openapi.json; with --release docs/openapi.released.json too, if nothing is taken away."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--release", action="store_true", help="promise it to customers")

    def handle(self, *args: Any, release: bool, **options: Any) -> None:
        folder = settings.BASE_DIR / "docs"
        text = written(published())
        (folder / "openapi.json").write_text(text, encoding="utf-8")
        if not release:
            return
        promised = folder / "openapi.released.json"
        if promised.exists():
            broken = openapi_changes.breaking(openapi_changes.read(promised), published())
            if broken:
                raise CommandError("This takes away what was promised:\n" + "\n".join(f"- {line}" for line in broken))
        promised.write_text(compact(published()), encoding="utf-8")
