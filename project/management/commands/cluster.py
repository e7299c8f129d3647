"""One lane's cluster, started by the supervisor."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Runs the queue cluster of the lane named by Q_CLUSTER_NAME. `manage.py worker` starts it."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        from project import queue

        queue.run_cluster()
