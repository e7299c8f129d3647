"""System checks: settings that would lose or repeat jobs stop the start (style.md section 8)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register

RETRY_MARGIN = 30  # seconds
QUEUE = "queue"  # the tag of these checks: what `manage.py worker` runs before it starts
SLOWEST_POLL = 0.2  # seconds: p95 from enqueue to start 201 ms (stack.md section 3)


def queue_problems(config: Mapping[str, Any]) -> Iterator[str]:
    """One sentence for each value of Q_CLUSTER that style.md 8.1 forbids; nothing when all is well."""
    yield from _lane_problems(str(config.get("name")), config)
    for name, alternative in config.get("ALT_CLUSTERS", {}).items():
        yield from _lane_problems(name, {**config, **alternative})
    if config.get("orm") != "default":
        yield "orm must be 'default': a job commits with the fact that causes it"
    if config.get("ack_failures"):
        yield "ack_failures must be off: it deletes a job at its first exception"
    if not config.get("max_attempts"):
        yield "max_attempts must be set: without it a failing job repeats for ever"
    if config.get("sync"):
        yield "sync must be off: it runs jobs inside the transaction that enqueues them"
    if config.get("save_limit", 250) > 0:
        yield "save_limit must be -1 or 0: above, each result locks all kept results"
    if not 0 < config.get("poll", 0) <= SLOWEST_POLL:
        yield f"poll must be above 0 and at most {SLOWEST_POLL} seconds"


def _lane_problems(lane: str, config: Mapping[str, Any]) -> Iterator[str]:
    workers, limit = config.get("workers"), config.get("queue_limit")
    timeout, retry = config.get("timeout"), config.get("retry")
    for word, value in (("workers", workers), ("queue_limit", limit), ("timeout", timeout), ("retry", retry)):
        if type(value) is not int or value < 1:
            yield f"{word} of lane {lane} must be a whole number above 0, not {value!r}"
            return
    assert isinstance(workers, int)
    assert isinstance(limit, int)
    assert isinstance(timeout, int)
    assert isinstance(retry, int)
    if limit != 1:
        yield f"queue_limit of lane {lane} must be 1, not {limit}: its retry clock runs while a job waits"
    least = timeout * (math.ceil((limit + 1) / workers) + 1) + RETRY_MARGIN
    if retry <= least:
        yield f"retry of lane {lane} must be above {least} s, not {retry}: jobs would run beside themselves"


@register(QUEUE)
def check_queue(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """style.md 8.1 rule 1 and its neighbors, for settings.Q_CLUSTER."""
    return [Error(f"Q_CLUSTER: {problem}.", id="project.E001") for problem in queue_problems(settings.Q_CLUSTER)]


@register(QUEUE)
def check_connections(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Connections persist and are not pooled: the workers fork, and a pool shared over a fork breaks."""
    database = settings.DATABASES["default"]
    return [Error(f"DATABASES: {problem}.", id="project.E002") for problem in connection_problems(database)]


def connection_problems(database: Mapping[str, Any]) -> Iterator[str]:
    """One sentence for each way in which this entry of DATABASES slows or breaks the workers."""
    if database.get("CONN_MAX_AGE", 0) is not None:
        yield "CONN_MAX_AGE must be None: with Django's default the queue runs a sixth of its jobs"
    if database.get("OPTIONS", {}).get("pool"):
        yield "psycopg's pool must be off: it does not survive a fork"
