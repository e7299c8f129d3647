"""The kernel's only row: the sign of life of the queue's lanes (style.md 8.2 item 9)."""

from __future__ import annotations

from django.db import models


class Heartbeat(models.Model):
    """When a lane of the queue last finished a job, by the database's clock. Written by the workers, read by the
    supervisor and by /health/queue."""

    lane = models.TextField(primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.lane} at {self.beat_at:%H:%M:%S}"
