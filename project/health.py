"""Is it alive, is it ready, does the queue work: for load balancers, supervisors and people (design section
8)."""

from __future__ import annotations

import threading
import time

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from project import queue as jobs

KEEP = 5.0  # seconds that a look at the migrations counts

_looked: tuple[float, bool] | None = None
_guard = threading.Lock()


@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and has every migration, else 503 with what is missing."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        migrated = _migrated()
    except DatabaseError:
        return _answer({"database": "unreachable"}, ok=False)
    return _answer({"database": "ok", "migrations": "ok" if migrated else "missing"}, ok=migrated)


@require_safe
@never_cache
def queue(request: HttpRequest) -> JsonResponse:
    """200 when every lane had a beat within its limit, else 503; with each lane's age in seconds."""
    try:
        ages = jobs.heartbeat_ages()
    except DatabaseError:
        return _answer({"database": "unreachable"}, ok=False)
    lanes: dict[str, object] = {}
    ok = True
    for lane in jobs.lanes():
        age = ages.get(lane.name)
        fresh = age is not None and age < lane.stale_after
        ok = ok and fresh
        lanes[lane.name] = {
            "status": "ok" if fresh else "stale",
            "age": None if age is None else round(age, 1),
            "limit": lane.stale_after,
        }
    return _answer({"lanes": lanes}, ok=ok)


def _answer(details: dict[str, object], *, ok: bool) -> JsonResponse:
    response = JsonResponse({"status": "ok" if ok else "unavailable", **details}, status=200 if ok else 503)
    # A 503 is this page's work, not an error of it: Django would log each one of a starting or stopping service.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _migrated() -> bool:
    """Whether no migration waits; looked at once in KEEP seconds, as it reads every migration file."""
    global _looked
    with _guard:
        now = time.monotonic()
        if _looked is None or now - _looked[0] > KEEP:
            executor = MigrationExecutor(connection)
            plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
            _looked = (now, not plan)
        return _looked[1]
