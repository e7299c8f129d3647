"""What load balancers and supervisors ask: 200 or 503, and why."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from project import health, queue
from project.models import Heartbeat
from tests.project.processes import ROOT

ASK = """
import sys, django
django.setup()
from django.test import Client
response = Client().get(sys.argv[1])
print(response.status_code, response.content.decode())
"""


@pytest.fixture(autouse=True)
def _look_again() -> Iterator[None]:
    health._looked = None
    yield
    health._looked = None


def ask(client: Client, path: str) -> tuple[int, Any]:
    response = client.get(path)
    return response.status_code, response.json()


def ask_without_database(path: str) -> tuple[int, Any]:
    """In a process of its own whose database is not there."""
    env = {**os.environ, "DATABASE_URL": "postgres:///framehouse?host=/nonexistent&user=app"}
    env["DJANGO_SETTINGS_MODULE"] = "project.settings"
    asked = subprocess.run(
        [sys.executable, "-c", ASK, path], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )
    status, _, body = asked.stdout.partition(" ")
    assert status.isdigit(), asked.stderr
    return int(status), json.loads(body)


def test_live_needs_no_database(client: Client) -> None:
    assert ask(client, "/health/live") == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_with_database_and_migrations(client: Client) -> None:
    assert ask(client, "/health/ready") == (200, {"status": "ok", "database": "ok", "migrations": "ok"})
    assert client.get("/health/ready")["Cache-Control"].count("no-store")


@pytest.mark.django_db
def test_not_ready_while_a_migration_waits(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'project'")
    status, body = ask(client, "/health/ready")
    assert (status, body["migrations"]) == (503, "missing")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/health/ready", "/health/queue"])
def test_a_lost_database_is_told(path: str) -> None:
    assert ask_without_database(path) == (503, {"status": "unavailable", "database": "unreachable"})


@pytest.mark.django_db
def test_the_queue_is_well_when_every_lane_beats(client: Client) -> None:
    status, body = ask(client, "/health/queue")
    assert status == 503, "nothing has beaten yet"
    assert body["lanes"]["main"] == {"status": "stale", "age": None, "limit": 90.0}

    for lane in queue.lanes():
        queue.enqueue_beat(lane.name)
    queue.run_pending()
    status, body = ask(client, "/health/queue")
    assert status == 200
    ok = {"main": "ok", "store": "ok", "hooks": "ok"}
    assert {lane: entry["status"] for lane, entry in body["lanes"].items()} == ok


@pytest.mark.django_db
@pytest.mark.parametrize("lane", ["main", "store", "hooks"])
def test_one_quiet_lane_is_enough(client: Client, lane: str) -> None:
    for known in queue.lanes():
        queue.enqueue_beat(known.name)
    queue.run_pending()
    limit = next(known.stale_after for known in queue.lanes() if known.name == lane)
    Heartbeat.objects.filter(lane=lane).update(beat_at=Now() - timedelta(seconds=limit + 1))
    status, body = ask(client, "/health/queue")
    assert status == 503
    assert [name for name, entry in body["lanes"].items() if entry["status"] == "stale"] == [lane]


def test_health_is_read_only(client: Client) -> None:
    assert client.post("/health/live").status_code == 405
